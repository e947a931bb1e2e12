using Lifeboat.Engine.Targets;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;
using RecoveryTarget = Lifeboat.Engine.Targets.RecoveryTarget;

namespace Lifeboat.Tests.Engine;

public sealed class ClusterWindowsTests
{
    private const string First = "20260301T120000Z-000001";
    private const string Second = "20260301T120030Z-000002";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Every_target_in_a_window_is_found_and_every_one_outside_is_refused(int seed)
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var random = new Random(seed);
        var (wal, records) = RandomWal(random);
        await scenario.PushAllAsync(scenario.NewServer("a"), wal);
        var (start, stop) = (records[20], records[60]);
        await scenario.AddBackupAsync(First, start, stop, 1.5, 4);
        await scenario.AddBackupAsync(Second, records[200], records[230], 14, 16);

        var window = Assert.Single((await ClusterWindows.LoadAsync(scenario.Cluster, Token)).Windows);

        Assert.Equal(stop, window.Start);
        foreach (var exclusive in new[] { false, true })
        {
            await ReachedAsync(scenario, AtLsn(window.Start, exclusive));
            await ReachedAsync(scenario, AtLsn(window.End, exclusive));
            await ReachedAsync(scenario, AtTime(window.StartTime, exclusive: false));
            await ReachedAsync(scenario, AtTime(window.EndTime!.Value, exclusive));
            await RefusedAsync(scenario, AtLsn(window.End + 1, exclusive));
            await RefusedAsync(scenario, AtTime(window.StartTime.AddMicroseconds(-1), exclusive));
            await RefusedAsync(scenario, AtTime(window.EndTime.Value.AddMicroseconds(1), exclusive));
            for (var trial = 0; trial < 15; trial++)
            {
                await ReachedAsync(scenario, AtLsn(
                    window.Start + (ulong)random.NextInt64((long)(window.End - window.Start)), exclusive));
                await ReachedAsync(scenario, AtTime(
                    window.StartTime + ((window.EndTime.Value - window.StartTime) * random.NextDouble()), exclusive: false));
            }
        }

        await RefusedAsync(scenario, AtLsn(new Lsn(records[20].Value - 1), exclusive: false));
        foreach (var point in window.RestorePoints)
        {
            await ReachedAsync(scenario, new RecoveryTarget { Kind = RecoveryTargetKind.Name, Name = point.Name });
        }

        Assert.NotEmpty(window.RestorePoints);
    }

    [Fact]
    public async Task A_time_in_a_quiet_tail_is_a_target_up_to_where_the_server_had_committed_nothing_more()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 5);
        scenario.SetClock(60);
        await scenario.PushAllAsync(server, wal.Builder);
        await scenario.AddBackupAsync(First, wal.StartOf(0) + 40, wal.StartOf(0) + 60, -1, -0.5);

        var window = Assert.Single((await ClusterWindows.LoadAsync(scenario.Cluster, Token)).Windows);
        var quiet = await ReachedAsync(scenario, AtTime(ArchiveScenario.At(59.5), exclusive: false));

        Assert.Equal(ArchiveScenario.At(60), window.EndTime);
        Assert.Equal(ArchiveScenario.At(4), window.LastCommitTime);
        Assert.Equal(wal.StartOf(4) + (ulong)WalBuilder.Size.Bytes, quiet.StopLsn);
        var refused = await RefusedAsync(scenario, AtTime(ArchiveScenario.At(61), exclusive: false));
        Assert.Contains("last commit that can be recovered is of 2026-03-01 12:00:04", refused.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("standby")]
    [InlineData("other timeline")]
    [InlineData("other folder")]
    public async Task A_tail_behind_which_something_may_have_been_committed_is_not_quiet(string doubt)
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 3);
        var next = wal.Builder.Segments[2];
        switch (doubt)
        {
            case "commit":
                scenario.Write($"{server}/pg_wal/{next.Name}", next.Content.Span);
                break;
            case "other timeline":
                scenario.Write(
                    $"{server}/pg_wal/{next.Name with { Timeline = new Timeline(2) }}", next.Content.Span);
                break;
            case "standby":
                scenario.SetState(server, Lifeboat.Postgres.Format.Control.DBState.InArchiveRecovery);
                break;
            default:
                break;
        }

        scenario.SetClock(60);
        var (name, content) = wal.Builder.Segments[1];
        var pushed = doubt == "other folder"
            ? await scenario.PushFromElsewhereAsync(server, name.ToString(), content)
            : await scenario.PushAsync(server, name.ToString(), content);

        Assert.Null(pushed.Facts.QuietAt);
    }

    [Fact]
    public async Task Records_that_end_no_transaction_leave_a_tail_quiet()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = new WalBuilder();
        wal.Commit(700, ArchiveScenario.Micros(1));
        wal.Switch();
        wal.Record(ResourceManager.Standby, 0x10, Running(next: 702, oldest: 702));
        scenario.Write($"{server}/pg_wal/{wal.Segments[1].Name}", wal.Segments[1].Content.Span);
        scenario.SetClock(60);

        var pushed = await scenario.PushAsync(server, wal.Segments[0].Name.ToString(), wal.Segments[0].Content);

        Assert.Equal(ArchiveScenario.At(60), pushed.Facts.QuietAt);
    }

    [Fact]
    public async Task Of_50_segments_one_that_lacks_is_named_and_parts_the_window_at_any_position()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 50);
        await scenario.PushAllAsync(server, wal.Builder);
        await scenario.AddBackupAsync(First, wal.StartOf(0) + 40, wal.StartOf(0) + 60, -1, -0.5);
        await scenario.AddBackupAsync(Second, wal.StartOf(25) + 40, wal.StartOf(25) + 60, 24.5, 24.6);
        for (var missing = 0; missing < 50; missing++)
        {
            await scenario.DeleteAsync(wal.NameOf(missing));

            var windows = await ClusterWindows.LoadAsync(scenario.Cluster, Token);

            // What lacks behind everything else was never there, as far as anybody can tell.
            Assert.Equal(missing == 49 ? [] : [wal.NameOf(missing)], windows.Gaps.Select(gap => gap.First));
            var expected = new[] { (0, missing), (Math.Max(missing + 1, 25), 50) }
                .Where(run => run.Item1 < run.Item2 && (run.Item1 == 0 || missing < 25 || missing == 25))
                .Where(run => missing != 25 || run.Item1 == 0)
                .Where(run => missing != 0 || run.Item1 != 0)
                .Select(run => wal.StartOf(run.Item2 - 1) + (ulong)WalBuilder.Size.Bytes);
            Assert.Equal(expected, windows.Windows.Select(window => window.End));
            var (name, content) = wal.Builder.Segments[missing];
            await scenario.PushAsync(server, name.ToString(), content);
        }
    }

    [Fact]
    public async Task Of_a_transaction_it_is_said_whether_and_when_it_ended_or_that_it_has_not()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = new WalBuilder();
        wal.Commit(699, ArchiveScenario.Micros(0.5));
        wal.Record(ResourceManager.Heap, 0, new byte[40], xid: 703);
        wal.Commit(700, ArchiveScenario.Micros(1));
        wal.Abort(701, ArchiveScenario.Micros(2));
        wal.Record(ResourceManager.Standby, 0x10, Running(next: 704, oldest: 703, 703));
        wal.Record(ResourceManager.Heap, 0, new byte[40], xid: 705);
        wal.Switch();
        await scenario.PushAllAsync(scenario.NewServer("a"), wal);
        var start = wal.Segments[0].Name.Start + 40;
        await scenario.AddBackupAsync(First, start, start + 8, -2, -1);
        RecoveryTarget Xid(uint xid) => new() { Kind = RecoveryTargetKind.Xid, Xid = xid };

        Assert.Contains(
            "committed on 2026-03-01 12:00:01.000000+00",
            (await ReachedAsync(scenario, Xid(700))).Description,
            StringComparison.Ordinal);
        Assert.Contains(
            "aborted on 2026-03-01 12:00:02.000000+00",
            (await ReachedAsync(scenario, Xid(701))).Description,
            StringComparison.Ordinal);
        Assert.Contains("still in progress", (await RefusedAsync(scenario, Xid(703))).Cause, StringComparison.Ordinal);
        Assert.Contains("still in progress", (await RefusedAsync(scenario, Xid(705))).Cause, StringComparison.Ordinal);
        Assert.Contains(
            "had not begun where the archived WAL ends: ids up to 705",
            (await RefusedAsync(scenario, Xid(900))).Cause,
            StringComparison.Ordinal);
        Assert.Contains("no commit or abort", (await RefusedAsync(scenario, Xid(650))).Cause, StringComparison.Ordinal);
    }

    private static byte[] Running(uint next, uint oldest, params ReadOnlySpan<uint> xids)
    {
        var main = new byte[24 + (xids.Length * 4)];
        BitConverter.TryWriteBytes(main, xids.Length);
        BitConverter.TryWriteBytes(main.AsSpan(12), next);
        BitConverter.TryWriteBytes(main.AsSpan(16), oldest);
        for (var at = 0; at < xids.Length; at++)
        {
            BitConverter.TryWriteBytes(main.AsSpan(24 + (at * 4)), xids[at]);
        }

        return main;
    }

    private static RecoveryTarget AtLsn(Lsn lsn, bool exclusive) =>
        new() { Kind = RecoveryTargetKind.Lsn, Lsn = lsn, Exclusive = exclusive };

    private static RecoveryTarget AtTime(DateTimeOffset time, bool exclusive) =>
        new() { Kind = RecoveryTargetKind.Time, Time = time, Exclusive = exclusive };

    private static async Task<ResolvedTarget> ReachedAsync(ArchiveScenario scenario, RecoveryTarget target)
    {
        var resolved = await TargetResolver.ResolveAsync(scenario.Cluster, target, null, Token);
        Assert.True(resolved.StopLsn >= resolved.Backup.StopLsn, $"{target}: {resolved}");
        return resolved;
    }

    private static async Task<Failure> RefusedAsync(ArchiveScenario scenario, RecoveryTarget target)
    {
        var refusal = await Assert.ThrowsAsync<LifeboatException>(
            async () => await TargetResolver.ResolveAsync(scenario.Cluster, target, null, Token));
        Assert.Equal(ErrorCode.TargetUnreachable, refusal.Code);
        return refusal.Failure;
    }

    /// <summary>Commits whose times go back now and then, restore points and rows; and where each record begins.</summary>
    private static (WalBuilder Wal, List<Lsn> Records) RandomWal(Random random)
    {
        var wal = new WalBuilder();
        var records = new List<Lsn>();
        for (var at = 0; at < 400; at++)
        {
            var time = ArchiveScenario.Micros((at / 10.0) + (random.NextDouble() * 2));
            records.Add(random.Next(12) switch
            {
                < 4 => wal.Commit(1000 + (uint)at, time),
                4 => wal.Abort(1000 + (uint)at, time),
                5 => wal.RestorePoint($"p{at}", time),
                _ => wal.Record(ResourceManager.Heap, 0, new byte[random.Next(2000, 30000)], xid: 990),
            });
        }

        records.Add(wal.Switch());
        return (wal, records);
    }
}
