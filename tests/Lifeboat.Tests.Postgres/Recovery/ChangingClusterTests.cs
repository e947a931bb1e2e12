using System.Globalization;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A cluster whose relations come, go and change their files while they are copied.</summary>
public sealed class ChangingClusterTests
{
    private const string Changes = """
        CREATE TABLE IF NOT EXISTS grown(id int, t text);
        INSERT INTO grown SELECT i, repeat('g', 100) FROM generate_series(1, 2000) i;
        DROP TABLE IF EXISTS gone;
        CREATE TABLE gone AS SELECT i, repeat('x', 200) AS t FROM generate_series(1, 3000) i;
        CREATE INDEX ON gone(i);
        TRUNCATE shrunk;
        INSERT INTO shrunk SELECT i, 1 FROM generate_series(1, 1000) i;
        DELETE FROM kept WHERE id % 7 = 0;
        INSERT INTO kept SELECT i * 7, md5(i::text) FROM generate_series(1, 500) i;
        REINDEX TABLE kept;
        CREATE TEMPORARY TABLE passing AS SELECT * FROM kept;
        """;

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Relations_that_come_go_and_are_rewritten_during_the_backup_are_whole_after_recovery(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.ExecuteAsync("""
            CREATE TABLE kept(id int, t text);
            INSERT INTO kept SELECT i, md5(i::text) FROM generate_series(1, 20000) i;
            CREATE INDEX ON kept(id);
            CREATE TABLE shrunk(id int PRIMARY KEY, n int);
            CREATE UNLOGGED TABLE fleeting(id int PRIMARY KEY);
            INSERT INTO fleeting SELECT generate_series(1, 5000);
            CREATE TABLE large(t text);
            INSERT INTO large SELECT repeat(md5(i::text), 20) FROM generate_series(1, 60000) i;
            """);
        using (var stop = new CancellationTokenSource())
        {
            var changing = ChangeAsync(server, stop.Token);
            await vault.BackupAsync(server, "--jobs", "3");
            await vault.BackupAsync(server);
            await stop.CancelAsync();
            Assert.True(await changing > 0);
        }

        var expected = await ContentsAsync(server);
        await server.ArchiveAllAsync();
        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Equal(expected, await ContentsAsync(restored));
        Assert.Equal(0L, await restored.ScalarAsync<long>("SELECT count(*) FROM fleeting"));
        await restored.ExecuteAsync("INSERT INTO fleeting VALUES (1)");
        Assert.Equal(0L, await restored.ScalarAsync<long>(
            "SELECT count(*) FROM pg_ls_dir('base/' || (SELECT oid FROM pg_database WHERE datname = 'postgres')) AS f"
            + " WHERE f ~ '^t[0-9]+_'"));
        await Judges.AmCheckAsync(restored);
    }

    [Fact]
    public async Task Databases_that_are_created_and_dropped_during_the_backup_are_there_or_gone_after_recovery()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        using (var stop = new CancellationTokenSource())
        {
            var changing = CreateDatabasesAsync(server, stop.Token);
            await vault.BackupAsync(server);
            await stop.CancelAsync();
            Assert.True(await changing > 0);
        }

        const string Names = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database";
        var expected = await server.ScalarAsync<string>(Names);
        await server.ArchiveAllAsync();
        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Equal(expected, await restored.ScalarAsync<string>(Names));
        await Judges.AmCheckAsync(restored);
    }

    private static async Task<int> ChangeAsync(PostgresServer server, CancellationToken cancellationToken)
    {
        var rounds = 0;
        do
        {
            await server.ExecuteAsync(Changes);
            await server.ExecuteAsync("VACUUM FULL grown");
            await server.ExecuteAsync("VACUUM kept");
            await server.ExecuteAsync("INSERT INTO fleeting SELECT -1 - count(*) FROM fleeting");
            rounds++;
        }
        while (!cancellationToken.IsCancellationRequested);

        return rounds;
    }

    private static async Task<int> CreateDatabasesAsync(PostgresServer server, CancellationToken cancellationToken)
    {
        var number = 0;
        do
        {
            var strategy = number % 2 == 0 ? "wal_log" : "file_copy";
            await server.ExecuteAsync(
                string.Create(CultureInfo.InvariantCulture, $"CREATE DATABASE d{number} STRATEGY {strategy}"));
            await server.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS a", $"d{number}");
            if (number % 3 > 0)
            {
                await server.ExecuteAsync($"DROP DATABASE d{number}");
            }

            number++;
        }
        while (!cancellationToken.IsCancellationRequested);

        return number;
    }

    private static async Task<string> ContentsAsync(PostgresServer server) => await server.ScalarAsync<string>("""
        SELECT concat_ws(' ',
            (SELECT count(*) || ':' || sum(id) FROM grown), (SELECT count(*) || ':' || sum(i) FROM gone),
            (SELECT count(*) || ':' || sum(id) FROM shrunk),
            (SELECT count(*) || ':' || md5(string_agg(t, '' ORDER BY id, t)) FROM kept),
            (SELECT count(*) || ':' || sum(length(t)) FROM large))
        """);
}
