using Lifeboat.Postgres.Server;
using Lifeboat.Testing.Servers;
using Npgsql;
using Xunit;

namespace Lifeboat.Tests.Postgres.Server;

public sealed class CatalogReaderTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Every_relation_s_file_is_found_under_its_name_however_hostile(int major)
    {
        using var folder = new TemporaryFolder();
        var place = folder.CreateForPostgres("space");
        await using var server = await PostgresServer.StartNewAsync(major);
        const string Name = "it's \"x\"\n; DROP -- é";
        var quoted = new NpgsqlCommandBuilder().QuoteIdentifier(Name);
        await server.ExecuteAsync($"CREATE DATABASE {quoted}");
        await server.ExecuteAsync($"CREATE TABLESPACE apart LOCATION '{place}'");
        await server.ExecuteAsync(
            $"""
            CREATE SCHEMA {quoted};
            CREATE TABLE {quoted}.{quoted} (id int PRIMARY KEY, body text) TABLESPACE apart;
            CREATE UNLOGGED TABLE plain ();
            CREATE VIEW seen AS SELECT 1;
            """,
            Name);

        var records = await ReadAsync(server);

        var database = Assert.Single(records.OfType<CatalogDatabase>(), d => d.Name == Name);
        var inside = records.OfType<CatalogRelation>().Where(r => r.DatabaseOid == database.DatabaseOid).ToList();
        var table = Assert.Single(inside, r => r.Name == Name);
        Assert.Equal((Name, 'r', 'p'), (table.Schema, table.Kind, table.Persistence));
        Assert.Equal(
            await server.ScalarAsync<uint>("SELECT oid FROM pg_tablespace WHERE spcname = 'apart'"),
            table.TablespaceOid);
        var path = await server.ScalarAsync<string>($"SELECT pg_relation_filepath({table.Oid})", Name);
        Assert.EndsWith($"/{table.FileNode}", path, StringComparison.Ordinal);
        Assert.Equal('t', Assert.Single(inside, r => r.Oid == table.ToastOid).Kind);
        Assert.Equal(database.TablespaceOid, Assert.Single(inside, r => r.TableOid == table.Oid).TablespaceOid);
        Assert.Equal('u', Assert.Single(inside, r => r.Name == "plain").Persistence);
        Assert.Equal((0u, 0u), inside.Where(r => r.Name == "seen").Select(r => (r.FileNode, r.TablespaceOid)).Single());
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Mapped_and_shared_catalogs_have_their_files_and_template0_is_reported(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major);

        var records = await ReadAsync(server);

        var unread = Assert.Single(records.OfType<CatalogDatabaseUnread>());
        Assert.Equal("template0", unread.Name);
        Assert.Contains("datallowconn", unread.Reason, StringComparison.Ordinal);
        var relations = records.OfType<CatalogRelation>().ToList();
        Assert.All(relations.Where(r => r.Name == "pg_class"), r => Assert.True(r.FileNode > 0 && !r.IsShared));
        Assert.Equal(2, relations.Count(r => r.Name == "pg_database" && r.IsShared && r.TablespaceOid == 1664));
    }

    [Fact]
    public async Task A_database_that_the_role_may_not_enter_is_reported_and_the_others_are_read()
    {
        await using var server = await PostgresServer.StartNewAsync(15);
        await server.ExecuteAsync("CREATE ROLE ann LOGIN");
        await server.ExecuteAsync("CREATE DATABASE closed");
        await server.ExecuteAsync("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");

        var records = await ReadAsync(server, "ann");

        Assert.Contains("permission denied",
            Assert.Single(records.OfType<CatalogDatabaseUnread>(), u => u.Name == "closed").Reason,
            StringComparison.Ordinal);
        Assert.Contains(records.OfType<CatalogDatabase>(), d => d.Name == "template1");
    }

    [Fact]
    public async Task Names_of_a_database_without_an_encoding_keep_their_bytes()
    {
        await using var server = await PostgresServer.StartNewAsync(17);
        await server.ExecuteAsync("CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
        (await server.RunAsync("psql", "-v", "ON_ERROR_STOP=1", "-d", "bytes", "-c",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE ' ||"
            + " quote_ident(convert_from('\\x61ff62', 'SQL_ASCII')) || '()'; END $$"))
            .Expect();

        var records = await ReadAsync(server);

        Assert.Contains(records.OfType<CatalogRelation>(), r => r.Name == "a\uDCFFb");
    }

    private static async Task<List<CatalogRecord>> ReadAsync(PostgresServer server, string user = "postgres")
    {
        var records = new List<CatalogRecord>();
        await foreach (var record in CatalogReader.ReadAsync(ServerSessionTests.Info(server, user), default))
        {
            records.Add(record);
        }

        return records;
    }
}
