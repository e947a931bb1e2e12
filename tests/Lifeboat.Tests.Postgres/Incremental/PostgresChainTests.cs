using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>The same series of incremental backups taken by PostgreSQL itself, from 17 on: what is in both is the same.</summary>
public sealed class PostgresChainTests
{
    [Theory]
    [InlineData(17)]
    [InlineData(18)]
    public async Task A_recovered_dump_equals_that_of_PostgreSQLs_own_chain(int major)
    {
        using var vault = await Vault.CreateAsync();
        var options = vault.Archiving();
        await using var server = await PostgresServer.StartNewAsync(major, options with
        {
            Settings = new Dictionary<string, string>(options.Settings) { ["summarize_wal"] = "on" },
        });
        await server.PgbenchInitAsync(2);
        var folders = new List<string>();
        var last = "";
        for (var number = 0; number < 4; number++)
        {
            await ChangeAsync(server, number);

            // Nothing writes between the two.
            last = (await vault.BackupAsync(server, "--kind", number == 0 ? "full" : "incremental")).Text("id");
            folders.Add(Path.Combine(vault.Folder.CreateForPostgres($"chain{number}"), "data"));
            (await server.RunAsync(
                "pg_basebackup",
                ["-D", folders[^1], "--checkpoint=fast", .. number == 0 ? (string[])[] : ["--incremental", Path.Combine(folders[^2], "backup_manifest")]]))
                .Expect();
        }

        var combined = Path.Combine(vault.Folder.CreateForPostgres("combined"), "data");
        (await server.Installation.RunAsync("pg_combinebackup", [.. folders, "-o", combined])).Expect();
        await using var theirs = PostgresServer.Over(major, combined, PostgresOptions.Default);
        await theirs.StartAsync();
        await theirs.WaitUntilPromotedAsync();
        await using var ours = await vault.RecoverAsync(server, "ours", "--backup", last, "--target-immediate");
        Assert.Equal(await DumpAsync(server), await DumpAsync(ours));
        Assert.Equal(await DumpAsync(theirs), await DumpAsync(ours));
        await Judges.VisibilityAsync(ours);
    }

    private static async Task ChangeAsync(PostgresServer server, int number)
    {
        await server.PgbenchTransactionsAsync(clients: 3, transactions: 200);
        await server.ExecuteAsync(
            $"""
            CREATE TABLE t{number} (n int PRIMARY KEY, word text);
            INSERT INTO t{number} SELECT i, md5(i::text) FROM generate_series(1, 5000) i;
            DELETE FROM t{number} WHERE n > 1000;
            UPDATE t{number} SET word = 'changed' WHERE n % 10 = 0;
            CREATE SEQUENCE s{number};
            SELECT nextval('s{number}');
            """);
        await server.ExecuteAsync($"VACUUM t{number}");
        if (number > 1)
        {
            await server.ExecuteAsync($"TRUNCATE t{number - 1}; DROP TABLE t{number - 2}");
            await server.ExecuteAsync("VACUUM FULL pgbench_tellers");
        }
    }

    /// <summary>Without the key by which psql knows that a dump goes on.</summary>
    private static async Task<string> DumpAsync(PostgresServer server) => string.Join(
        '\n',
        (await server.RunAsync("pg_dumpall")).Expect().Output.Split('\n')
            .Where(line => !line.StartsWith(@"\restrict", StringComparison.Ordinal)
                && !line.StartsWith(@"\unrestrict", StringComparison.Ordinal)));
}
