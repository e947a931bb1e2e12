using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class WalCoverageTests
{
    private static readonly Id128 Lineage = new(1, 1);

    private static readonly WalSegmentSize[] Sizes = [new(1 << 20), WalSegmentSize.Default, new(1 << 30)];

    private static IEnumerable<WalSegmentName> Segments(WalSegmentSize size, uint timeline, int first, int count) =>
        Enumerable.Range(first, count).Select(n => new WalSegmentName(new Timeline(timeline), (ulong)n, size));

    private static BackupPoint Backup(WalSegmentSize size, uint timeline, int from, int to, string id = "b") => new(
        id,
        new Timeline(timeline),
        size.StartOf((ulong)from) + 40,
        size.StartOf((ulong)to) + 500,
        ArchiveScenario.At(from),
        ArchiveScenario.At(to));

    private static TimelineHistory History(uint timeline, params (uint Timeline, Lsn Left)[] entries) => new(
        new Timeline(timeline),
        entries.Select(entry => new TimelineHistoryEntry(new Timeline(entry.Timeline), entry.Left, "")));

    [Fact]
    public void A_gap_at_any_position_is_named_and_ends_the_window_before_it()
    {
        foreach (var size in Sizes)
        {
            var backup = Backup(size, 10, 240, 241);
            for (var missing = 240; missing < 290; missing++)
            {
                var present = Segments(size, 10, 240, 50).Where(name => name.Number != (ulong)missing);
                var coverage = new WalCoverage(Lineage, size, present, [], [backup]);
                var name = new WalSegmentName(new Timeline(10), (ulong)missing, size);

                if (missing == 289)
                {
                    Assert.Empty(coverage.Gaps);
                }
                else
                {
                    var gap = Assert.Single(coverage.Gaps);
                    Assert.Equal((name.ToString(), name.ToString(), 1UL), (gap.First, gap.Last, gap.Count));
                    Assert.Equal(missing == 240 ? null : $"{name with { Number = name.Number - 1 }}", gap.Before);
                    Assert.Equal(name.Next.ToString(), gap.After);
                }

                if (missing <= 241)
                {
                    Assert.Empty(coverage.Windows);
                }
                else
                {
                    var window = Assert.Single(coverage.Windows);
                    Assert.Equal((backup.StopLsn, name.Start), (window.Start, window.End));
                }
            }
        }
    }

    [Fact]
    public void Segments_missing_anywhere_are_exactly_those_that_the_gaps_name()
    {
        var size = new WalSegmentSize(1 << 20);
        Prop.ForAll(
            ArbMap.Default.ArbFor<bool[]>(),
            pattern =>
            {
                // A backup that needs the first and one that needs the last segment make every hole count.
                var here = new bool[] { true }.Concat(pattern).Append(true).ToArray();
                var present = here.Index().Where(item => item.Item)
                    .Select(item => new WalSegmentName(new Timeline(0xAB), (ulong)item.Index + 4090, size));
                var coverage = new WalCoverage(Lineage, size, present, [], []);
                var named = coverage.Gaps.SelectMany(gap =>
                {
                    Assert.True(WalSegmentName.TryParse(gap.First, size, out var first));
                    Assert.True(WalSegmentName.TryParse(gap.Last, size, out var last));
                    return Segments(size, 0xAB, (int)first.Number, (int)(last.Number - first.Number) + 1);
                });
                var missing = here.Index().Where(item => !item.Item)
                    .Select(item => new WalSegmentName(new Timeline(0xAB), (ulong)item.Index + 4090, size));
                Assert.Equal(missing, named);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_window_of_a_backup_goes_on_over_a_promotion()
    {
        foreach (var size in Sizes)
        {
            var left = size.StartOf(8) + 4096;
            var coverage = new WalCoverage(
                Lineage,
                size,
                [.. Segments(size, 9, 3, 5), .. Segments(size, 10, 8, 4)],
                [History(10, (9, left))],
                [Backup(size, 9, 3, 3)]);

            Assert.Empty(coverage.Gaps);
            Assert.Equal(
                [(9u, size.StartOf(8)), (10u, size.StartOf(12))],
                coverage.Windows.Select(window => (window.Timeline.Value, window.End)));
            Assert.All(coverage.Windows, window => Assert.Equal(["b"], window.Backups));
        }
    }

    [Fact]
    public void A_hole_between_two_timelines_is_named_on_the_timeline_that_lacks_it()
    {
        var size = WalSegmentSize.Default;
        var coverage = new WalCoverage(
            Lineage,
            size,
            [.. Segments(size, 1, 3, 3), .. Segments(size, 2, 8, 4)],
            [History(2, (1, size.StartOf(8) + 4096))],
            [Backup(size, 1, 3, 3)]);

        var gap = Assert.Single(coverage.Gaps);
        Assert.Equal(("000000010000000000000006", "000000010000000000000007"), (gap.First, gap.Last));
        Assert.Equal(("000000010000000000000005", "000000020000000000000008"), (gap.Before, gap.After));
        Assert.Equal([1u], coverage.Windows.Select(window => window.Timeline.Value));
    }

    [Fact]
    public void A_backup_taken_behind_the_point_of_promotion_belongs_to_the_branch_that_was_left()
    {
        var size = WalSegmentSize.Default;
        var coverage = new WalCoverage(
            Lineage,
            size,
            [.. Segments(size, 1, 3, 10), .. Segments(size, 2, 6, 6)],
            [History(2, (1, size.StartOf(6) + 4096))],
            [Backup(size, 1, 3, 3, "early"), Backup(size, 1, 8, 8, "late")]);

        Assert.Equal(["early", "late"], coverage.Windows.Single(window => window.Timeline == new Timeline(1)).Backups);
        Assert.Equal(["early"], coverage.Windows.Single(window => window.Timeline == new Timeline(2)).Backups);
    }

    [Fact]
    public async Task The_archive_tells_its_windows_gaps_and_conflicts()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = LongWal.Build(segments: 12);
        await scenario.PushAllAsync(scenario.NewServer("a"), wal.Builder);
        await scenario.AddBackupAsync("20260301T120000Z-000001", wal.StartOf(0) + 40, wal.StartOf(1) + 40, 0, 1);
        await scenario.DeleteAsync(wal.NameOf(7));

        var windows = await ClusterWindows.LoadAsync(scenario.Cluster, ArchiveScenario.Token);

        var window = Assert.Single(windows.Windows);
        Assert.Equal(wal.StartOf(7), window.End);
        Assert.Equal(ArchiveScenario.At(6), window.EndTime);
        Assert.Equal(ArchiveScenario.At(6), window.LastCommitTime);
        Assert.Equal(wal.NameOf(7), Assert.Single(windows.Gaps).First);
        Assert.Empty(windows.Conflicts);
        Assert.Empty(windows.Faults);
    }
}
