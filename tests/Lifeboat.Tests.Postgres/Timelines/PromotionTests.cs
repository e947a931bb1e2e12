using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Timelines;

/// <summary>
/// Two failovers, after each of which the old primary comes back and goes on by itself: three branches in one archive. On
/// each of them a target shows exactly what was committed by then in that branch's own order.
/// </summary>
public sealed class PromotionTests
{
    private const int Clients = 3;

    public static TheoryData<int> Majors() =>
        [.. Sample.Of("promotion majors", 1, PostgresInstallation.Majors)];

    [Theory]
    [MemberData(nameof(Majors))]
    public Task Every_branch_of_two_promotions_is_recovered_exactly(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            var settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = "10",
                ["wal_keep_size"] = "1GB",
            };
            await using var primary = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with { Settings = settings }));
            var from = await primary.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text");
            await Ledger.CreateAsync(primary);
            await WriteAsync(primary, "before");
            var backup = await vault.BackupAsync(primary);

            await using var second = await primary.StartStandbyAsync(Path.Combine(vault.Folder.CreateForPostgres("second"), "data"));
            await WriteAsync(primary, "first");
            await WaitUntilReplayedAsync(primary, second);
            await primary.KillAsync();
            await second.PromoteAsync();
            var first = new Branch(primary, 1, Begin: null, Parent: null);
            var two = await Branch.OfPromotedAsync(second, first);
            await WriteAsync(second, "second");
            await vault.BackupAsync(second);

            await using var third = await second.StartStandbyAsync(Path.Combine(vault.Folder.CreateForPostgres("third"), "data"));
            await WriteAsync(second, "later");
            await WaitUntilReplayedAsync(second, third);
            await third.PromoteAsync();
            var three = await Branch.OfPromotedAsync(third, two);

            // All three go on, each on a timeline of its own.
            await primary.StartAsync();
            foreach (var branch in (Branch[])[first, two, three])
            {
                await WriteAsync(branch.Server, $"end {branch.Timeline}");
                await branch.Server.ExecuteAsync($"CREATE TABLE behind AS SELECT {branch.Timeline} AS timeline");
            }

            var stop = Lsn.Parse(backup.Text("stopLsn"));
            foreach (var branch in (Branch[])[first, two, three])
            {
                var events = await branch.ReadAsync(from);
                await branch.Server.ArchiveAllAsync();
                await CompareAsync(vault, branch, events, stop);
            }

            // Without a timeline the newest is followed, to its end.
            await using var latest = await vault.RecoverAsync(third, "latest");
            Assert.Equal(3, await latest.ScalarAsync<int>("SELECT timeline FROM behind"));
            Assert.Equal(await Ledger.VisibleAsync(third), await Ledger.VisibleAsync(latest));
        });

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Two_standbys_that_are_promoted_to_one_timeline_archive_what_their_primary_left_behind_and_never_mix(int major)
    {
        using var vault = await Vault.CreateAsync();
        var settings = new Dictionary<string, string> { ["wal_keep_size"] = "1GB" };
        await using var primary = await PostgresServer.StartNewAsync(
            major, vault.Archiving(PostgresOptions.Default with { Settings = settings }));
        await primary.ExecuteAsync("CREATE TABLE t AS SELECT 0 AS server");
        await vault.BackupAsync(primary);
        await using var left = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("left"), "data"));
        await using var right = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("right"), "data"));

        // What it filled and has not archived by then, its standbys hold alone.
        await primary.ExecuteAsync("ALTER SYSTEM SET archive_command = 'false'");
        await primary.ExecuteAsync("SELECT pg_reload_conf()");
        await primary.ExecuteAsync("INSERT INTO t VALUES (0)");
        await primary.ExecuteAsync("SELECT pg_switch_wal()");
        await primary.ExecuteAsync("INSERT INTO t VALUES (0)");
        await WaitUntilReplayedAsync(primary, left);
        await WaitUntilReplayedAsync(primary, right);
        await primary.KillAsync();

        await left.PromoteAsync();
        await left.ExecuteAsync("INSERT INTO t VALUES (1)");
        await left.ArchiveAllAsync();
        var before = vault.Objects();
        await right.PromoteAsync();
        await right.ExecuteAsync("INSERT INTO t VALUES (2)");
        await right.ExecuteAsync("SELECT pg_switch_wal()");
        await right.WaitUntilAsync("refused", "SELECT failed_count > 1 FROM pg_stat_archiver");
        Assert.Equal("", string.Join(" ", vault.Objects().Keys.Except(before.Keys)));
        Assert.Contains("lifeboat adopt --as-new", right.Log, StringComparison.Ordinal);

        await vault.JsonAsync("adopt", "--as-new", "--cluster-dir", right.DataDirectory);
        await right.ArchiveAllAsync();
        await vault.BackupAsync(right);
        await right.ArchiveAllAsync();
        foreach (var (server, number) in new[] { (left, 1), (right, 2) })
        {
            var lineage = (await vault.JsonAsync("list")).GetProperty("backups").EnumerateArray()
                .Select(backup => backup.Text("lineage")).Distinct().ElementAt(number - 1);
            await using var restored = await vault.RecoverAsync(server, $"r{number}", "--lineage", lineage);
            Assert.Equal(number, await restored.ScalarAsync<int>("SELECT max(server) FROM t"));
            Assert.Equal(4L, await restored.ScalarAsync<long>("SELECT count(*) FROM t"));
        }
    }

    /// <summary>PostgreSQL looks it up in the older timeline's segment, of which only the newer one's copy is archived.</summary>
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_transaction_prepared_where_a_timeline_was_left_is_there_along_the_newer_one(int major)
    {
        using var vault = await Vault.CreateAsync();
        var settings = new Dictionary<string, string>
        {
            ["max_prepared_transactions"] = "10",
            ["wal_keep_size"] = "1GB",
        };
        await using var primary = await PostgresServer.StartNewAsync(
            major, vault.Archiving(PostgresOptions.Default with { Settings = settings }));
        await primary.ExecuteAsync("CREATE TABLE t (id int)");
        await vault.BackupAsync(primary);
        await using var second = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("second"), "data"));
        await primary.ExecuteAsync("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'open'");
        await primary.ExecuteAsync("INSERT INTO t VALUES (2)");
        var target = await primary.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await primary.ExecuteAsync("INSERT INTO t VALUES (3)");
        await WaitUntilReplayedAsync(primary, second);
        await primary.KillAsync();
        await second.PromoteAsync();
        var branch = await Branch.OfPromotedAsync(second, new Branch(primary, 1, Begin: null, Parent: null));
        await second.ExecuteAsync("INSERT INTO t VALUES (4)");
        await second.ArchiveAllAsync();
        Assert.Equal(
            WalSegmentSize.Default.SegmentOf(branch.Begin!.Value), WalSegmentSize.Default.SegmentOf(Lsn.Parse(target!)));

        await using var restored = await vault.RecoverAsync(
            second, "restored", "--target-timeline", "2", "--target-lsn", target!, "--target-exclusive");
        Assert.Equal("open", await restored.ScalarAsync<string>("SELECT gid FROM pg_prepared_xacts"));
        Assert.Equal("2", await restored.ScalarAsync<string>("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t"));
        await restored.ExecuteAsync("COMMIT PREPARED 'open'");
        Assert.Equal("1 2", await restored.ScalarAsync<string>("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t"));
    }

    private static async Task CompareAsync(Vault vault, Branch branch, List<WalEvent> events, Lsn stop)
    {
        var written = await Ledger.VisibleAsync(branch.Server);
        var random = Sample.Numbers($"promotion points {branch.Server.Major} {branch.Timeline}");
        // Whole, this makes 108 targets of each kind at least: 9 rounds on 3 branches of 4 majors.
        var targets = ExactTarget.Choose(events, stop, rounds: Sample.IsWhole ? 9 : 2, random);
        var chosen = Sample.Of($"promotion targets {branch.Server.Major} {branch.Timeline}", 2, targets);
        await Parallel.ForEachAsync(
            chosen.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            async (target, _) => await target.Item.RequireAsync(
                vault,
                branch.Server,
                $"b{branch.Timeline}-{target.Index}",
                written,
                "--target-timeline",
                $"{branch.Timeline}"));
    }

    private static async Task WriteAsync(PostgresServer server, string name)
    {
        using var stop = new CancellationTokenSource();
        var before = await server.ScalarAsync<long>("SELECT count(*) FROM ledger");
        var writing = Ledger.WriteAsync(server, Clients, stop.Token);
        await server.WaitUntilAsync("written", $"SELECT count(*) > {before + 40} FROM ledger");
        await server.ExecuteAsync($"SELECT pg_create_restore_point('point {name}')");
        await server.WaitUntilAsync("written", $"SELECT count(*) > {before + 60} FROM ledger");
        await stop.CancelAsync();
        await writing;
    }

    private static async Task WaitUntilReplayedAsync(PostgresServer primary, PostgresServer standby)
    {
        var position = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{position}'");
    }
}
