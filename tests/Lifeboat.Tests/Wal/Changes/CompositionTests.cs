using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal.Changes;

public sealed class CompositionTests
{
    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(1, 10).Select(i => Sample.Numbers($"changes {i}").Next())];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Segments_in_any_grouping_tell_what_their_records_tell_one_by_one(int seed)
    {
        var segments = ChangeReading.RandomWal(seed, 400).Segments;
        var random = new Random(seed);
        var needed = 0;
        var single = segments.Select(segment => WalRunSummary.Of(segment.Name, segment.Content)).ToList();
        Assert.All(single, run => Assert.Null(run.Break));

        var whole = ChangeReading.Join(single, segments, ref needed);
        var grouped = ChangeReading.Join(Groups(single, segments, random, ref needed), segments, ref needed);

        Assert.Equal(WalSummaryCodec.Encode(whole), WalSummaryCodec.Encode(grouped));
        Assert.Equal(
            ChangeReading.Bytes(ChangeReading.Plain(segments), segments[0].Name),
            ChangeReading.Bytes(whole.Changes, segments[0].Name));
        Assert.Null(whole.Tail);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Stretches_cut_between_any_two_records_add_up_to_the_whole(int seed)
    {
        var random = new Random(seed);
        var segments = ChangeReading.RandomWal(seed, 400).Segments;
        var (whole, left, right) = (new WalChanges(), new WalChanges(), new WalChanges());
        var cut = random.Next(400);
        var count = 0;
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                whole.Take(record);
                (count++ < cut ? left : right).Take(record);
            }
        }

        left.Append(right);

        Assert.Equal(
            ChangeReading.Bytes(whole, segments[0].Name), ChangeReading.Bytes(left, segments[0].Name));
    }

    [Fact]
    public void Records_over_edges_come_in_every_kind_in_the_random_wal()
    {
        var (spanning, aborted, needed) = (0, 0, 0);
        foreach (var seed in Enumerable.Range(1, 8))
        {
            var segments = ChangeReading.RandomWal(seed, 400).Segments;
            var runs = segments.Select(segment => WalRunSummary.Of(segment.Name, segment.Content)).ToList();
            spanning += runs.Count(run => run.Tail is not null);
            aborted += runs.Count(run => run.Head.State == WalHeadState.GoesOn);
            ChangeReading.Join(runs, segments, ref needed);
        }

        Assert.True(spanning > 20 && aborted > 2 && needed > 0, $"{spanning} {aborted} {needed}");
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Segments_of_real_servers_add_up_to_what_their_records_tell(int major)
    {
        var segments = WalFixtures.Segments(major);
        // The last one of the timeline ends with what was written last.
        var runs = segments.Select(segment => WalRunSummary.Of(segment.Name, segment.Content))
            .TakeWhile(run => run.Break is null).ToList();
        var needed = 0;

        var whole = ChangeReading.Join(runs, segments, ref needed);

        Assert.True(runs.Count > 5);
        Assert.Equal(
            ChangeReading.Bytes(ChangeReading.Plain(segments.Take(runs.Count)), segments[0].Name),
            ChangeReading.Bytes(whole.Changes, segments[0].Name));
    }

    [Fact]
    public void A_segment_that_does_not_follow_is_refused()
    {
        var segments = ChangeReading.RandomWal(3, 400).Segments;
        var runs = segments.Select(segment => WalRunSummary.Of(segment.Name, segment.Content)).ToList();

        Assert.Equal(WalJoint.Broken, new WalRunBuilder(runs[0]).TryAppend(runs[2]));

        // Of another WAL with the same names: the records do not name each other.
        var others = ChangeReading.RandomWal(4, 400).Segments;
        var broken = 0;
        for (var index = 1; index < Math.Min(runs.Count, others.Count); index++)
        {
            var builder = new WalRunBuilder(runs[index - 1]);
            if (builder.TryAppend(WalRunSummary.Of(others[index].Name, others[index].Content)) == WalJoint.Broken)
            {
                Assert.NotEqual("", builder.Fault);
                broken++;
            }
        }

        Assert.True(broken > 0);
    }

    private static List<WalRunSummary> Groups(
        List<WalRunSummary> runs,
        IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments,
        Random random,
        ref int needed)
    {
        while (runs.Count > 3)
        {
            var groups = new List<WalRunSummary>();
            for (var at = 0; at < runs.Count;)
            {
                var size = Math.Min(random.Next(1, 4), runs.Count - at);
                groups.Add(ChangeReading.Join(runs.GetRange(at, size), segments, ref needed));
                at += size;
            }

            runs = groups;
        }

        return runs;
    }
}
