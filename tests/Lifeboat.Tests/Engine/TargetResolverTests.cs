using Lifeboat.Engine.Targets;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;
using RecoveryTarget = Lifeboat.Engine.Targets.RecoveryTarget;
using WalTarget = Lifeboat.Postgres.Format.Wal.RecoveryTarget;

namespace Lifeboat.Tests.Engine;

public sealed class TargetResolverTests
{
    private const string Early = "20260301T120000Z-000001";
    private const string Late = "20260301T120030Z-000002";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static RecoveryTarget AtLsn(Lsn lsn, bool exclusive = false) =>
        new() { Kind = RecoveryTargetKind.Lsn, Lsn = lsn, Exclusive = exclusive };

    private static RecoveryTarget Time(DateTimeOffset time, bool exclusive = false) =>
        new() { Kind = RecoveryTargetKind.Time, Time = time, Exclusive = exclusive };

    private static async Task<Failure> RefusedAsync(ArchiveScenario scenario, RecoveryTarget target, string? backup = null)
    {
        var refusal = await Assert.ThrowsAsync<LifeboatException>(
            async () => await TargetResolver.ResolveAsync(scenario.Cluster, target, backup, Token));
        Assert.Equal(ErrorCode.TargetUnreachable, refusal.Code);
        Assert.NotEmpty(refusal.Failure.Hint);
        return refusal.Failure;
    }

    private static string Setting(ResolvedTarget target, string name) =>
        target.Settings.Single(setting => setting.Key == name).Value;

    [Fact]
    public async Task Who_wants_all_hears_of_archived_WAL_that_cannot_be_reached()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 6);
        await scenario.PushAllAsync(server, wal.Builder);
        await scenario.AddBackupAsync(Early, wal.StartOf(0) + 40, wal.StartOf(0) + 60, -1, -0.5);
        var latest = new RecoveryTarget { Kind = RecoveryTargetKind.Latest };

        Assert.Null((await TargetResolver.ResolveAsync(scenario.Cluster, latest, backup: null, Token)).LeftBehind);

        await scenario.DeleteAsync(wal.NameOf(3));
        var cut = await TargetResolver.ResolveAsync(scenario.Cluster, latest, backup: null, Token);
        Assert.Equal(wal.NameOf(2), cut.WalTo.ToString());
        Assert.Contains(wal.NameOf(3), cut.LeftBehind, StringComparison.Ordinal);
        Assert.Contains(wal.NameOf(5), cut.LeftBehind, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_50_segments_a_missing_one_at_any_position_bounds_what_can_be_reached()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 50);
        await scenario.PushAllAsync(server, wal.Builder);
        await scenario.AddBackupAsync(Early, wal.StartOf(0) + 40, wal.StartOf(0) + 60, -1, -0.5);
        for (var missing = 0; missing < 50; missing++)
        {
            await scenario.DeleteAsync(wal.NameOf(missing));

            if (missing < 49)
            {
                var behind = await RefusedAsync(scenario, AtLsn(wal.Commits[missing + 1]));
                Assert.Contains(wal.NameOf(missing), behind.Cause, StringComparison.Ordinal);
                await RefusedAsync(
                    scenario, new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = 700 + (uint)missing + 1 });
            }

            await RefusedAsync(scenario, Time(ArchiveScenario.At(missing + 0.5)));
            if (missing > 1)
            {
                var before = await TargetResolver.ResolveAsync(
                    scenario.Cluster, AtLsn(wal.Commits[missing - 1]), null, Token);
                Assert.Equal(wal.NameOf(missing - 1), before.WalTo.ToString());
                var latest = await TargetResolver.ResolveAsync(scenario.Cluster, RecoveryTarget.Latest, null, Token);
                Assert.Equal(wal.StartOf(missing), latest.StopLsn);
            }

            var (name, content) = wal.Builder.Segments[missing];
            await scenario.PushAsync(server, name.ToString(), content);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_target_is_resolved_to_the_record_at_which_replay_of_all_the_wal_would_end(int seed)
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var random = new Random(seed);
        var wal = RandomWal(random);
        await scenario.PushAllAsync(scenario.NewServer("a"), wal);
        var start = wal.Segments[0].Name.Start + 40;
        await scenario.AddBackupAsync(Early, start, start + 8, -2, -1);
        for (var trial = 0; trial < 60; trial++)
        {
            var exclusive = random.Next(2) == 0;
            var at = random.Next(0, 460) / 10.0;
            var xid = (uint)random.Next(1000, 1300);
            var (target, judge) = (trial % 3) switch
            {
                0 => (Time(ArchiveScenario.At(at), exclusive),
                    (WalTarget)new WalTarget.AtTime(PgTimestamp.From(ArchiveScenario.At(at)), !exclusive)),
                1 => (new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = xid, Exclusive = exclusive },
                    new WalTarget.AtXid(new TransactionId(xid), !exclusive)),
                _ => (new RecoveryTarget { Kind = RecoveryTargetKind.Name, Name = $"p{xid % 7}" },
                    new WalTarget.AtName($"p{xid % 7}")),
            };
            var stop = Replay(wal, judge, start);
            if (stop is null)
            {
                await RefusedAsync(scenario, target);
                continue;
            }

            var resolved = await TargetResolver.ResolveAsync(scenario.Cluster, target, null, Token);

            Assert.True(stop.ReplayEnd == resolved.StopLsn, $"seed {seed}, trial {trial}: {target}");
            if (target.Kind == RecoveryTargetKind.Time)
            {
                Assert.Equal(stop.Lsn.ToString(), Setting(resolved, "recovery_target_lsn"));
                Assert.Equal("off", Setting(resolved, "recovery_target_inclusive"));
            }
        }
    }

    [Fact]
    public async Task The_newest_backup_before_the_target_is_chosen_and_a_given_one_is_kept_to()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = LongWal.Build(segments: 40);
        await scenario.PushAllAsync(scenario.NewServer("a"), wal.Builder);
        await scenario.AddBackupAsync(Early, wal.StartOf(2) + 40, wal.StartOf(3) + 40, 1.5, 2.5);
        await scenario.AddBackupAsync(Late, wal.StartOf(30) + 40, wal.StartOf(31) + 40, 29.5, 30.5);
        async Task<string> ChosenAsync(RecoveryTarget target, string? backup = null) =>
            (await TargetResolver.ResolveAsync(scenario.Cluster, target, backup, Token)).Backup.Id;

        Assert.Equal(Early, await ChosenAsync(AtLsn(wal.Commits[30])));
        Assert.Equal(Late, await ChosenAsync(AtLsn(wal.Commits[33])));
        Assert.Equal(Early, await ChosenAsync(AtLsn(wal.Commits[33]), Early));
        Assert.Equal(Early, await ChosenAsync(Time(ArchiveScenario.At(20.5))));
        Assert.Equal(Late, await ChosenAsync(Time(ArchiveScenario.At(35.5))));
        Assert.Equal(Late, await ChosenAsync(RecoveryTarget.Latest));
        Assert.Equal(Late, await ChosenAsync(new RecoveryTarget { Kind = RecoveryTargetKind.Immediate }));
        Assert.Equal(Early, await ChosenAsync(new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = 720 }));
        await RefusedAsync(scenario, Time(ArchiveScenario.At(20.5)), Late);
        await RefusedAsync(scenario, AtLsn(wal.Commits[1]));
        await RefusedAsync(scenario, Time(ArchiveScenario.At(1)));
    }

    [Fact]
    public async Task A_commit_over_a_segments_edge_ends_a_recovery_to_a_time_before_it()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = new WalBuilder();
        wal.Commit(700, ArchiveScenario.Micros(1));
        wal.FillTo(WalBuilder.Size.Bytes - 300);
        while ((ulong)WalBuilder.Size.Bytes - (wal.Position.Value % (ulong)WalBuilder.Size.Bytes) > 32)
        {
            wal.Record(ResourceManager.Heap, 0, new byte[2]);
        }

        var over = wal.Commit(701, ArchiveScenario.Micros(5));
        wal.Commit(702, ArchiveScenario.Micros(2));
        wal.Switch();
        Assert.True(over < wal.Segments[1].Name.Start && wal.Segments.Count == 2);
        await scenario.PushAllAsync(scenario.NewServer("a"), wal);
        var start = wal.Segments[0].Name.Start + 40;
        await scenario.AddBackupAsync(Early, start, start + 8, -2, -1);

        var byTime = await TargetResolver.ResolveAsync(scenario.Cluster, Time(ArchiveScenario.At(3)), null, Token);
        var byXid = await TargetResolver.ResolveAsync(
            scenario.Cluster,
            new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = 701, Exclusive = true },
            null,
            Token);

        Assert.Equal(over, byTime.StopLsn);
        Assert.Equal(over, byXid.StopLsn);
    }

    [Fact]
    public async Task A_time_behind_the_last_commit_is_refused_unless_something_later_is_archived()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = new WalBuilder();
        wal.Commit(700, ArchiveScenario.Micros(1));
        var last = wal.RestorePoint("late", ArchiveScenario.Micros(60));
        wal.FillTo(4000);
        await scenario.PushAllAsync(server, wal);
        var start = wal.Segments[0].Name.Start + 40;
        await scenario.AddBackupAsync(Early, start, start + 8, -2, -1);

        var refused = await RefusedAsync(scenario, Time(ArchiveScenario.At(61)));
        Assert.Contains("2026-03-01 12:00:01", refused.Hint, StringComparison.Ordinal);
        var resolved = await TargetResolver.ResolveAsync(scenario.Cluster, Time(ArchiveScenario.At(30)), null, Token);
        Assert.Equal("on", Setting(resolved, "recovery_target_inclusive"));
        Assert.True(Lsn.Parse(Setting(resolved, "recovery_target_lsn")) > last);
    }

    [Fact]
    public async Task The_newest_archived_timeline_is_followed_and_written_as_a_decimal_number()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = LongWal.Build(segments: 8);
        var left = wal.StartOf(4) + 4096;
        var history = new TimelineHistory(new Timeline(10), [new TimelineHistoryEntry(new Timeline(1), left, "")]);
        await scenario.PushAllAsync(server, wal.Builder);
        await scenario.PushAsync(server, "0000000A.history", history.Format());
        await scenario.AddBackupAsync(Early, wal.StartOf(0) + 40, wal.StartOf(0) + 60, -2, -1);

        // Only its history arrived: nothing can be replayed along it.
        var before = await TargetResolver.ResolveAsync(scenario.Cluster, RecoveryTarget.Latest, null, Token);
        Assert.Equal("1", Setting(before, "recovery_target_timeline"));

        foreach (var (name, content) in wal.Builder.Segments.Skip(4))
        {
            await scenario.PushAsync(server, (name with { Timeline = new Timeline(10) }).ToString(), content);
        }

        var after = await TargetResolver.ResolveAsync(scenario.Cluster, RecoveryTarget.Latest, null, Token);
        Assert.Equal("10", Setting(after, "recovery_target_timeline"));
        Assert.Equal("0000000A000000000000000C", after.WalTo.ToString());
        var asked = await TargetResolver.ResolveAsync(
            scenario.Cluster, RecoveryTarget.Latest with { Timeline = new Timeline(1) }, null, Token);
        Assert.Equal("1", Setting(asked, "recovery_target_timeline"));
        await RefusedAsync(scenario, RecoveryTarget.Latest with { Timeline = new Timeline(11) });
    }

    [Fact]
    public async Task Other_restore_points_of_the_name_are_told()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = new WalBuilder();
        wal.Commit(700, ArchiveScenario.Micros(1));
        var first = wal.RestorePoint("twice", ArchiveScenario.Micros(2));
        var second = wal.RestorePoint("twice", ArchiveScenario.Micros(3));
        wal.Switch();
        await scenario.PushAllAsync(scenario.NewServer("a"), wal);
        var start = wal.Segments[0].Name.Start + 40;
        await scenario.AddBackupAsync(Early, start, start + 8, -2, -1);

        var resolved = await TargetResolver.ResolveAsync(
            scenario.Cluster, new RecoveryTarget { Kind = RecoveryTargetKind.Name, Name = "twice" }, null, Token);

        Assert.Equal(second, resolved.StopLsn);
        Assert.Contains($"at {first}", resolved.Description, StringComparison.Ordinal);
        Assert.Contains(second.ToString(), resolved.Description, StringComparison.Ordinal);
        Assert.Equal("twice", Setting(resolved, "recovery_target_name"));
    }

    /// <summary>Four segments and a half, full to the edges, with commit times that go back now and then.</summary>
    private static WalBuilder RandomWal(Random random)
    {
        var wal = new WalBuilder();
        var (second, xid) = (0.0, 1000u);
        while (wal.Position < wal.Segments.FirstOrDefault().Name.Start + (9UL << 19) || wal.Segments.Count == 0)
        {
            var time = ArchiveScenario.Micros(second + (random.NextDouble() * 3) - 1.5);
            switch (random.Next(10))
            {
                case < 3:
                    wal.Commit(xid++, time);
                    break;
                case 3:
                    wal.Abort(xid++, time);
                    break;
                case 4 when random.Next(4) == 0:
                    wal.RestorePoint($"p{random.Next(12)}", time);
                    break;
                default:
                    wal.Record(ResourceManager.Heap, 0, new byte[random.Next(4000, 60000)], xid);
                    break;
            }

            second += 0.1;
        }

        wal.Switch();
        return wal;
    }

    private static RecoveryStop? Replay(WalBuilder wal, WalTarget target, Lsn from)
    {
        var scan = new RecoveryScan(target);
        var reader = new WalRecordReader();
        foreach (var (name, content) in wal.Segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                if (record.Lsn >= from)
                {
                    scan.Feed(record);
                }
            }
        }

        return scan.Stop;
    }
}
