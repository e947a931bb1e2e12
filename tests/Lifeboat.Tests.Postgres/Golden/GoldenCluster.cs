using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>
/// A server small enough to be kept in the sources: one database, without what nobody asks of it, that archives from then
/// on. What it archives it lays aside too, for a judge.
/// </summary>
internal sealed class GoldenCluster : IAsyncDisposable
{
    private static readonly string[] s_trim =
    [
        "ALTER DATABASE template0 IS_TEMPLATE false",
        "ALTER DATABASE template1 IS_TEMPLATE false",
        "DROP DATABASE template0",
        "DROP DATABASE template1",
        "DROP SCHEMA information_schema CASCADE",
        "DELETE FROM pg_description",
        "DELETE FROM pg_collation WHERE collname NOT IN ('default', 'C', 'POSIX', 'ucs_basic')",
        "DELETE FROM pg_conversion",
        "DELETE FROM pg_depend WHERE classid = 'pg_conversion'::regclass",
        "DELETE FROM pg_ts_config_map",
        "DELETE FROM pg_init_privs",
        "DELETE FROM pg_statistic",
        "VACUUM (FULL, FREEZE)",
        "CHECKPOINT",
    ];

    private readonly PostgresServer _made;

    private GoldenCluster(PostgresServer made, PostgresServer server, string aside)
    {
        _made = made;
        Server = server;
        Aside = aside;
    }

    internal PostgresServer Server { get; }

    /// <summary>Everything that the server gave to its archive_command, copied before the program saw it.</summary>
    internal string Aside { get; }

    /// <param name="cluster">Its name in the repository.</param>
    /// <param name="firstSegment">Where its WAL begins anew.</param>
    internal static async Task<GoldenCluster> StartAsync(
        Vault vault, int major, PostgresOptions options, string cluster = "main", string firstSegment = "000000010000000000000010")
    {
        var aside = vault.Folder.CreateForPostgres("aside-" + cluster);
        PostgresUser.Coreutils("chmod", "755", aside);
        var own = new PostgresOptions
        {
            Checksums = options.Checksums,
            WalSegmentMegabytes = options.WalSegmentMegabytes,
            Environment = vault.Environment,
            ArchiveCommand = options.ArchiveCommand ?? $"cp %p {aside}/%f && {vault.ArchiveCommand} --cluster {cluster}",
            Settings = new Dictionary<string, string>(options.Settings)
            {
                ["autovacuum"] = "off",
                ["checkpoint_timeout"] = "1d",
                ["bgwriter_lru_maxpages"] = "0",
                ["wal_keep_size"] = "64MB",
            },
        };
        var made = await PostgresServer.CreateAsync(
            major, own with { StartArguments = ["-c", "archive_mode=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"] });
        await made.StartAsync();
        foreach (var statement in s_trim)
        {
            await made.ExecuteAsync(statement);
        }

        await made.StopAsync();
        // What made it small is not archived: the first segment would be full of it.
        (await made.Installation.RunAsync("pg_resetwal", "-D", made.DataDirectory, "-l", firstSegment)).Expect();

        var server = PostgresServer.Over(major, made.DataDirectory, own);
        await server.StartAsync();
        return new GoldenCluster(made, server, aside);
    }

    /// <summary>A table of pages that compress well, with room for changes in each; its index; an unlogged one.</summary>
    internal async Task FillAsync(int pages)
    {
        await Server.ExecuteAsync("CREATE TABLE t (n int PRIMARY KEY, word text) WITH (fillfactor = 60)");
        await Server.ExecuteAsync("ALTER TABLE t ALTER COLUMN word SET STORAGE PLAIN");
        await Server.ExecuteAsync(
            $"INSERT INTO t SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, {pages * 4}) n");
        await Server.ExecuteAsync("CREATE UNLOGGED TABLE u (n int PRIMARY KEY)");
        await Server.ExecuteAsync("INSERT INTO u SELECT generate_series(1, 100)");
        await Server.ExecuteAsync("VACUUM (FREEZE) t");
    }

    /// <summary>Changes one row in each of some pages, so that an incremental backup has loose pages to store.</summary>
    internal Task TouchAsync(int round, params int[] pages) => Server.ExecuteAsync(
        $"UPDATE t SET word = repeat(md5(n::text || '-{round}'), 30)"
        + $" WHERE n IN ({string.Join(", ", pages.Select(page => (page * 4) + 1 + (round % 4)))})");

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await _made.DisposeAsync();
    }
}
