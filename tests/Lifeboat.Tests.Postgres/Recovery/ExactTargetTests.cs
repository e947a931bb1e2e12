using System.Globalization;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// What is visible at a target is exactly what was committed at or before it in the order of the WAL, as pg_waldump
/// tells that order. Commit times may go back in it.
/// </summary>
public sealed class ExactTargetTests
{
    private const int Clients = 4;

    public static TheoryData<int> Majors() =>
        [.. Sample.Of("exact majors", 2, PostgresInstallation.Majors)];

    [Theory]
    [MemberData(nameof(Majors))]
    public Task What_is_visible_at_a_target_is_exactly_what_was_committed_by_then(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            var settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = "10",
                ["wal_keep_size"] = "1GB",
            };
            await using var server = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with { Settings = settings }));
            var (events, stop) = await WorkAsync(vault, server);
            var written = await Ledger.VisibleAsync(server);

            // The judge reads every kind of ending, and knows of each row's.
            Assert.Subset(events.Where(item => item.Commits).Select(item => item.Xid!.Value).ToHashSet(), written);
            Assert.Contains(events, item => item is { Xid: not null, Commits: false });

            var at = 0;
            foreach (var target in Sample.Of($"exact targets {major}", 4, Targets(events, stop, major)))
            {
                await using var restored = await vault.RecoverAsync(server, $"r{at++}", target.Words);
                var visible = await Ledger.VisibleAsync(restored);
                var expected = target.Committed.Where(written.Contains).ToHashSet();
                Assert.True(
                    visible.SetEquals(expected),
                    $"{string.Join(' ', target.Words)}: missing {string.Join(' ', expected.Except(visible))},"
                    + $" too many {string.Join(' ', visible.Except(expected))}\n{restored.Log}");
                await restored.StopAsync(StopMode.Immediate);
                PostgresUser.Coreutils("rm", "-rf", "--", restored.DataDirectory);
            }
        });

    private static async Task<(List<WalEvent> Events, Lsn Stop)> WorkAsync(Vault vault, PostgresServer server)
    {
        var from = await server.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text");
        await Ledger.CreateAsync(server);
        using var stop = new CancellationTokenSource();
        var writing = Ledger.WriteAsync(server, Clients, stop.Token);
        await server.WaitUntilAsync("written", "SELECT count(*) > 50 FROM ledger");
        var backup = await vault.BackupAsync(server);
        for (var point = 0; point < 5; point++)
        {
            await server.ExecuteAsync($"SELECT pg_create_restore_point('point {point}')");
            await Task.Delay(60);
        }

        await stop.CancelAsync();
        await writing;
        await server.ExecuteAsync("CREATE TABLE behind AS SELECT 1");
        var to = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ArchiveAllAsync();
        return (await WalJudge.ReadAsync(server, from, to), Lsn.Parse(backup.Text("stopLsn")));
    }

    /// <summary>Several targets of each kind, each with the transactions that are committed there.</summary>
    private static IEnumerable<(string[] Words, IEnumerable<uint> Committed)> Targets(
        List<WalEvent> events, Lsn stop, int major)
    {
        var random = Sample.Numbers($"exact points {major}");
        // The last transaction has none behind it, and PostgreSQL cannot stop at a time behind which nothing comes.
        var within = events.Where(item => item.Lsn > stop).ToList();
        var ends = within.Where(item => item.Xid is not null).SkipLast(1).ToList();
        var points = within.Where(item => item.Name?.StartsWith("point", StringComparison.Ordinal) == true).ToList();
        IEnumerable<uint> CommittedUntil(Predicate<WalEvent> stops, bool inclusive)
        {
            var last = events.FindIndex(stops);
            return events.Take(inclusive ? last + 1 : last).Where(item => item.Commits).Select(item => item.Xid!.Value);
        }

        for (var round = 0; round < 2; round++)
        {
            var record = within[random.Next(within.Count - 1)].Lsn;
            var end = ends[random.Next(ends.Count)];
            var commit = ends.Where(item => item.Commits).ElementAt(random.Next(ends.Count(item => item.Commits)));
            var name = points[random.Next(points.Count)].Name!;
            var time = end.Time!.Value;
            var written = time.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
            var xid = end.Xid!.Value.ToString(CultureInfo.InvariantCulture);
            yield return (["--target-lsn", $"{record}"], CommittedUntil(e => e.Lsn >= record, inclusive: true));
            yield return (
                ["--target-lsn", $"{record}", "--target-exclusive"],
                CommittedUntil(e => e.Lsn >= record, inclusive: false));
            yield return (["--target-lsn", $"{commit.Lsn}"], CommittedUntil(e => e == commit, inclusive: true));
            yield return (
                ["--target-lsn", $"{commit.Lsn}", "--target-exclusive"],
                CommittedUntil(e => e == commit, inclusive: false));
            yield return (["--target-xid", xid], CommittedUntil(e => e == end, inclusive: true));
            yield return (
                ["--target-xid", xid, "--target-exclusive"], CommittedUntil(e => e == end, inclusive: false));
            yield return (["--target-name", name], CommittedUntil(e => e.Name == name, inclusive: true));
            yield return (["--target-time", written], CommittedUntil(e => e.Time > time, inclusive: false));
            yield return (
                ["--target-time", written, "--target-exclusive"],
                CommittedUntil(e => e.Time >= time, inclusive: false));
        }
    }
}
