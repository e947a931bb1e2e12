using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>Reads the catalog map of a whole cluster: every database that can be connected to, one after the
/// other.</summary>
public static class CatalogReader
{
    private const string Operation = "read the catalog";

    // A SQL_ASCII database holds any bytes; everywhere else names can be had as UTF-8. As bytes, so that none of them
    // can fail to decode.
    private const string AsBytes =
        "pg_catalog.convert_to({0}::text, CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII'"
        + " ELSE 'UTF8' END)";

    private static readonly string s_databases = $"""
        SELECT oid::int8, {Bytes("datname")}, datallowconn, pg_catalog.pg_encoding_to_char(encoding)::text,
               dattablespace::int8, datistemplate
        FROM pg_catalog.pg_database ORDER BY oid
        """;

    private static readonly string s_relations = $"""
        SELECT c.oid::int8, {Bytes("n.nspname")}, {Bytes("c.relname")}, c.relkind::text, c.relpersistence::text,
               coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::int8,
               CASE WHEN c.reltablespace <> 0 THEN c.reltablespace ELSE d.dattablespace END::int8,
               c.reltoastrelid::int8, coalesce(i.indrelid, 0)::int8, c.relisshared
        FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
             LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
        WHERE c.relkind <> 'c' ORDER BY c.oid
        """;

    /// <summary>
    /// For each database one <see cref="CatalogDatabase"/>, then its relations; or, where it does not allow
    /// connections, this role may not connect, or it goes away meanwhile, a <see cref="CatalogDatabaseUnread"/>.
    /// Relations are read one database at a time, each in one snapshot; a relation that is created or rewritten
    /// meanwhile may be missing or have a newer file.
    /// </summary>
    /// <exception cref="LifeboatException">The list of databases cannot be read.</exception>
    public static async IAsyncEnumerable<CatalogRecord> ReadAsync(
        ConnInfo connInfo, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var (database, allowed) in await ListAsync(connInfo, cancel))
        {
            if (!allowed)
            {
                yield return Unread(database, "it does not allow connections (datallowconn)");
                continue;
            }

            if (!IsUnicode(database.Name))
            {
                yield return Unread(database, "its name is not UTF-8, and cannot be asked for in a connection");
                continue;
            }

            var announced = false;
            await using var relations = ReadRelationsAsync(connInfo, database, cancel).GetAsyncEnumerator(cancel);
            while (true)
            {
                CatalogRecord? next;
                try
                {
                    next = await relations.MoveNextAsync() ? relations.Current : null;
                }
                catch (LifeboatException error)
                {
                    next = Unread(database, error.Failure.Cause);
                }

                if (!announced && next is not CatalogDatabaseUnread)
                {
                    announced = true;
                    yield return database;
                }

                if (next is not null)
                {
                    yield return next;
                }

                if (next is null or CatalogDatabaseUnread)
                {
                    break;
                }
            }
        }
    }

    private static async Task<List<(CatalogDatabase Database, bool Allowed)>> ListAsync(
        ConnInfo connInfo, CancellationToken cancel)
    {
        await using var session = await ServerSession.OpenAsync(connInfo, cancel);
        return await session.QueryAsync(
            Operation,
            s_databases,
            row => (
                new CatalogDatabase(Oid(row, 0), Name(row, 1), row.GetString(3), Oid(row, 4), row.GetBoolean(5)),
                row.GetBoolean(2)),
            cancel);
    }

    private static async IAsyncEnumerable<CatalogRelation> ReadRelationsAsync(
        ConnInfo connInfo, CatalogDatabase database, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var session = await ServerSession.OpenAsync(connInfo.WithDatabase(database.Name), cancel);
        await foreach (var relation in session.StreamAsync(
            Operation, s_relations, row => Relation(database.DatabaseOid, row), cancel))
        {
            yield return relation;
        }
    }

    private static CatalogRelation Relation(uint database, NpgsqlDataReader row)
    {
        var fileNode = Oid(row, 5);
        return new CatalogRelation(
            database,
            Oid(row, 0),
            Name(row, 1),
            Name(row, 2),
            row.GetString(3)[0],
            row.GetString(4)[0],
            fileNode,
            fileNode == 0 ? 0 : Oid(row, 6),
            Oid(row, 7),
            Oid(row, 8),
            row.GetBoolean(9));
    }

    private static CatalogDatabaseUnread Unread(CatalogDatabase database, string reason) =>
        new(database.DatabaseOid, database.Name, reason);

    private static bool IsUnicode(string name)
    {
        for (var at = 0; at < name.Length; at++)
        {
            if (!char.IsSurrogate(name[at]))
            {
                continue;
            }

            if (!char.IsSurrogatePair(name, at++))
            {
                return false;
            }
        }

        return true;
    }

    private static uint Oid(NpgsqlDataReader row, int column) => checked((uint)row.GetInt64(column));

    private static string Name(NpgsqlDataReader row, int column) =>
        PosixPath.Decode(row.GetFieldValue<byte[]>(column));

    private static string Bytes(string column) => AsBytes.Replace("{0}", column, StringComparison.Ordinal);
}
