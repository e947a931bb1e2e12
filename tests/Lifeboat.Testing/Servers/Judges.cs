using Npgsql;

namespace Lifeboat.Testing.Servers;

/// <summary>PostgreSQL's own programs as judges of what Lifeboat restored. Each fails with the judge's whole
/// output.</summary>
public static class Judges
{
    /// <summary>
    /// pg_verifybackup of a directory that was not started yet, against the backup_manifest in it. WAL is judged apart
    /// (<c>-n</c>).
    /// </summary>
    public static async Task VerifyBackupAsync(int major, string dataDirectory)
    {
        PostgresUser.Own(dataDirectory);
        (await PostgresInstallation.Of(major).RunAsync("pg_verifybackup", "-n", dataDirectory)).Expect();
    }

    /// <summary>pg_checksums of a stopped cluster that has checksums.</summary>
    public static async Task ChecksumsAsync(int major, string dataDirectory)
    {
        PostgresUser.Own(dataDirectory);
        (await PostgresInstallation.Of(major).RunAsync("pg_checksums", "--check", "-D", dataDirectory)).Expect();
    }

    /// <summary>
    /// pg_amcheck over every database: heaps, their TOAST and their indexes, down from the root. It came with 14; on 13
    /// the functions that it would call for indexes are called here.
    /// </summary>
    public static async Task AmCheckAsync(PostgresServer server)
    {
        if (server.Major >= 14)
        {
            (await server.RunAsync(
                "pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--parent-check", "--rootdescend"))
                .Expect();
            return;
        }

        foreach (var database in await DatabasesAsync(server))
        {
            await using var connection = await server.ConnectAsync(database);
            await using var command = new NpgsqlCommand(
                """
                CREATE EXTENSION IF NOT EXISTS amcheck;
                SELECT bt_index_parent_check(i.indexrelid, true, true)
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                WHERE a.amname = 'btree' AND c.relpersistence <> 't' AND i.indisvalid AND i.indisready;
                """,
                connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>
    /// pg_visibility over every table of every database: no bit of a visibility map says what is not so. Incremental backups of
    /// others have lost cleared bits.
    /// </summary>
    public static async Task VisibilityAsync(PostgresServer server)
    {
        foreach (var database in await DatabasesAsync(server))
        {
            await using var connection = await server.ConnectAsync(database);
            await using var command = new NpgsqlCommand(
                """
                CREATE EXTENSION IF NOT EXISTS pg_visibility;
                SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
                WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't'
                    AND (EXISTS (SELECT FROM pg_check_visible(c.oid)) OR EXISTS (SELECT FROM pg_check_frozen(c.oid)));
                """,
                connection);
            if (await command.ExecuteScalarAsync() is string tables)
            {
                throw new InvalidOperationException($"the visibility map of {tables} in {database} says what is not so");
            }
        }
    }

    private static async Task<List<string>> DatabasesAsync(PostgresServer server)
    {
        await using var connection = await server.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT datname FROM pg_database WHERE datallowconn", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
