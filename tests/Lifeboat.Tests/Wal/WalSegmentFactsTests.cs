using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class WalSegmentFactsTests
{
    private static List<WalSegmentFacts> All(int major, uint timeline = 1) =>
        [.. WalFixtures.Segments(major, timeline).Select(s => WalSegmentFacts.Collect(s.Name, s.Content))];

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Facts_of_neighbours_join_without_a_gap(int major)
    {
        var facts = All(major);
        Lsn? last = null;
        var within = false;
        foreach (var segment in facts)
        {
            Assert.True(segment.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext);
            Assert.Equal(segment.Segment.End, segment.EndPosition);
            var aborted = segment.AbortedRecords.Count > 0;
            Assert.Equal(within && !aborted, segment.HeadFragmentLength > 0);

            // Over a record that spans the edge the next segment's first record names that one as its predecessor.
            if (segment.Predecessor is { } predecessor && last is { } previous)
            {
                Assert.True(
                    within && !aborted ? predecessor > previous || predecessor == last : predecessor == previous);
            }

            last = segment.UnfinishedRecord ?? segment.LastRecord ?? last;
            if (aborted)
            {
                last = segment.LastRecord;
            }

            within = segment.ContinuesInNext;
            if (segment.UnfinishedRecord is not null && segment.Segment.ToString() == WalFixtures.Fact(major, "torn"))
            {
                last = segment.LastRecord;
            }
        }
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Commits_times_and_transactions_are_those_that_pg_waldump_counts(int major)
    {
        var facts = All(major);
        var commits = WalFixtures.Waldump(major, 1)
            .Where(l => l.Contains("desc: COMMIT", StringComparison.Ordinal)).ToList();

        var times = commits.Select(TimeOf).ToList();
        Assert.Equal(commits.Count, facts.Sum(f => f.Commits));
        Assert.Equal(times.Min(), facts.Min(f => f.LeastCommitTime?.Microseconds));
        Assert.Equal(times.Max(), facts.Max(f => f.GreatestCommitTime?.Microseconds));
        Assert.Equal(times[^1], facts.Last(f => f.Commits > 0).LastCommitTime!.Value.Microseconds);
        Assert.Equal(
            ["before-truncate", "twice", "twice"], facts.SelectMany(f => f.RestorePoints).Select(p => p.Name));
        Assert.All(facts, f => Assert.True(f.LeastTime is null || f.LeastTime <= f.GreatestTime));
        Assert.Equal(
            WalFixtures.Waldump(major, 1).Count(l => l.Contains("desc: CHECKPOINT_ONLINE", StringComparison.Ordinal)
                || l.Contains("desc: CHECKPOINT_SHUTDOWN", StringComparison.Ordinal)),
            facts.Sum(f => f.Checkpoints.Count));

        static long TimeOf(string line)
        {
            var text = line[(line.IndexOf("desc: COMMIT", StringComparison.Ordinal) + 12)..].Split(" UTC")[0];
            text = text[text.IndexOf(" 20", StringComparison.Ordinal)..].Trim();
            return PgTimestamp.From(DateTimeOffset.Parse(text + "+00:00")).Microseconds;
        }
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void A_promotion_shows_as_a_switch_of_timelines_with_its_restore_point_behind(int major)
    {
        var facts = All(major, timeline: 2);

        var change = Assert.Single(facts.SelectMany(f => f.TimelineSwitches));
        Assert.Equal((new Timeline(1), new Timeline(2)), (change.From, change.To));
        var point = Assert.Single(facts.SelectMany(f => f.RestorePoints));
        Assert.Equal("on-two", point.Name);
        Assert.True(point.Lsn > change.Lsn && point.EndLsn > point.Lsn);
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Changes_of_wal_level_are_seen_in_order(int major)
    {
        var levels = All(major).SelectMany(f => f.WalLevels).Select(l => l.Level).ToList();

        Assert.Contains(WalLevel.Logical, levels);
        Assert.Equal(WalLevel.Replica, levels[^1]);
    }

    [Fact]
    public void A_segment_inside_one_record_tells_only_that()
    {
        var wal = new WalBuilder().FillTo(1_000_000);
        wal.Record(ResourceManager.LogicalMessage, 0, new byte[3 << 20]);
        wal.Commit(5, 5);
        var facts = wal.Segments.Select(s => WalSegmentFacts.Collect(s.Name, s.Content)).ToList();

        Assert.True(facts[0].ContinuesInNext && facts[0].UnfinishedRecord == facts[0].LastRecordEnd);
        Assert.All(facts[1..^1], f =>
        {
            Assert.True(f.ContinuesInNext);
            Assert.Equal(0, f.Records);
            Assert.Null(f.FirstRecord);
            Assert.Null(f.UnfinishedRecord);
            Assert.Equal(128 * (8192 - 24) - 16, f.HeadFragmentLength);
        });
        Assert.Equal(WalSegmentEnding.EndOfWal, facts[^1].Ending);
        Assert.Equal(1, facts[^1].Commits);
        Assert.Equal(facts[0].UnfinishedRecord, facts[^1].Predecessor);
    }

    [Fact]
    public void Least_and_greatest_commit_times_are_not_the_first_and_the_last()
    {
        var wal = new WalBuilder();
        wal.Commit(10, 500);
        wal.Commit(12, 900);
        wal.Abort(13, 9_000);
        wal.Commit(11, 100);
        wal.EndPrepared(commit: true, xid: 4, time: 300, ownXid: 14);
        wal.RestorePoint("late", 20_000);
        wal.Switch();

        var facts = WalSegmentFacts.Collect(wal.Segments[0].Name, wal.Segments[0].Content);

        Assert.Equal((4, 1), (facts.Commits, facts.Aborts));
        Assert.Equal((new PgTimestamp(100), new PgTimestamp(900)), (facts.LeastCommitTime, facts.GreatestCommitTime));
        Assert.Equal(new PgTimestamp(300), facts.LastCommitTime);
        Assert.Equal((100, 20_000), (facts.LeastTime!.Value.Microseconds, facts.GreatestTime!.Value.Microseconds));
        Assert.Equal((4u, 13u), (facts.OldestXid!.Value.Value, facts.NewestXid!.Value.Value));
        Assert.Equal(WalSegmentEnding.Complete, facts.Ending);
        Assert.Empty(facts.Reason);
    }

    [Fact]
    public void Ids_that_wrapped_around_keep_their_order()
    {
        var wal = new WalBuilder();
        wal.Commit(4_294_967_290, 1);
        wal.Commit(5, 2);
        wal.Switch();

        var facts = WalSegmentFacts.Collect(wal.Segments[0].Name, wal.Segments[0].Content);

        Assert.Equal((4_294_967_290u, 5u), (facts.OldestXid!.Value.Value, facts.NewestXid!.Value.Value));
    }

    [Fact]
    public void Content_that_is_cut_off_is_short_and_too_much_is_unreadable()
    {
        var (name, content) = WalFixtures.Segments(18)[0];

        var cut = WalSegmentFacts.Collect(name, content[..100_000]);
        var longer = WalSegmentFacts.Collect(name, new byte[(1 << 20) + 1]);
        var empty = WalSegmentFacts.Collect(name, default);

        Assert.Equal((WalSegmentEnding.Short, "only 100000 bytes are there"), (cut.Ending, cut.Reason));
        Assert.True(cut.Records > 0);
        Assert.Equal(WalSegmentEnding.EndOfWal, longer.Ending);
        Assert.Equal((WalSegmentEnding.Short, name.Start), (empty.Ending, empty.EndPosition));
    }

    [Fact]
    public void A_commit_that_cannot_be_taken_apart_makes_its_segment_unreadable_from_there()
    {
        var wal = new WalBuilder();
        wal.Commit(10, 500);
        var broken = wal.Record(ResourceManager.Transaction, 0x80, new byte[9], xid: 11);
        wal.Switch();

        var facts = WalSegmentFacts.Collect(wal.Segments[0].Name, wal.Segments[0].Content);

        Assert.Equal((WalSegmentEnding.Unreadable, broken, 1L), (facts.Ending, facts.EndPosition, facts.Commits));
    }
}
