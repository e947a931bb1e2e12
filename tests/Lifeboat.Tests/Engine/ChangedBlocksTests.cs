using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Wal;
using Lifeboat.Tests.Wal.Changes;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class ChangedBlocksTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Between_any_two_records_exactly_their_changes_are_found_wherever_the_wal_lies()
    {
        var random = Sample.Numbers("changed blocks");
        var wal = ChangeReading.RandomWal(random.Next(), 250);
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var segments = wal.Segments;
        var archived = segments.Count * 2 / 3;
        await PushAsync(scenario, server, segments.Take(archived));
        foreach (var (name, content) in segments.Skip(archived))
        {
            scenario.Write($"{server}/pg_wal/{name}", content.Span);
        }

        // What is archived lies nowhere else, as after a checkpoint.
        foreach (var (name, _) in segments.Take(archived))
        {
            scenario.Files.Delete($"{server}/pg_wal/{name}");
        }

        var records = Records(segments);
        var live = new LiveWal(scenario.Files, $"{server}/pg_wal", segments[^1].Name.End);
        for (var round = 0; round < 12; round++)
        {
            var (a, b) = (random.Next(records.Count), random.Next(records.Count));
            var (from, to) = (records[Math.Min(a, b)], records[Math.Max(a, b)]);

            var known = Assert.IsType<ChangedBlocksAnswer.Known>(
                await FindAsync(scenario, from, to, live));

            Assert.Equal(Bytes(Plain(segments, from, to), segments), Bytes(known.Changes, segments));
            Assert.Equal((0, 0), (known.Sources.Rebuilt, known.Sources.Catalogs));
        }
    }

    [Fact]
    public async Task A_gap_at_every_position_is_named_with_its_segment()
    {
        var wal = ChangeReading.RandomWal(7, 150);
        using var scenario = await ArchiveScenario.NewAsync();
        var segments = wal.Segments;
        var server = scenario.NewServer("a");
        await PushAsync(scenario, server, segments);
        foreach (var (name, content) in segments)
        {
            await scenario.DeleteAsync(name.ToString());

            var unknown = Assert.IsType<ChangedBlocksAnswer.Unknown>(
                await FindAsync(scenario, segments[0].Name.Start, segments[^1].Name.End));

            Assert.Equal((ChangesUnknown.Missing, name), (unknown.Reason, unknown.Segment));
            await scenario.PushAsync(server, name.ToString(), content);
        }
    }

    [Fact]
    public async Task Summaries_that_lack_or_are_of_another_format_are_made_anew_from_the_segment()
    {
        var segments = ChangeReading.RandomWal(5, 120).Segments;
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await PushAsync(scenario, server, segments);
        var (from, to) = (segments[0].Name.Start, segments[^1].Name.End);
        foreach (byte[] blocks in new byte[][] { [], [9, 1, 2, 3], [WalSummaryCodec.Format, 1, 2] })
        {
            var (name, content) = segments[1];
            var item = Assert.Single(await WalStore.FindAsync(
                scenario.Cluster, scenario.Cluster.FirstLineage, name.ToString(), Token));
            var facts = await WalStore.ReadFactsAsync(scenario.Cluster, item, Token);
            await scenario.Store.DeleteAsync(item.Name, Token);
            await WalStore.PutAsync(
                scenario.Cluster, scenario.Cluster.FirstLineage, content, facts, blocks, 1, Token);

            var known = Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, from, to));

            Assert.Equal((1, segments.Count - 1), (known.Sources.Rebuilt, known.Sources.Stored));
            Assert.Equal(Bytes(ChangeReading.Plain(segments), segments), Bytes(known.Changes, segments));
        }
    }

    [Fact]
    public async Task Minimal_wal_level_and_records_not_understood_are_reasons_and_not_passed_over()
    {
        var wal = new WalBuilder(firstSegment: 5);
        var first = wal.Insert(ChangeRecords.Relation(1), 1);
        var minimal = wal.Level(0);
        var replica = wal.Level(1);
        wal.Switch();
        var strange = wal.Record(ResourceManager.Storage, 0x71, []);
        var last = wal.Insert(ChangeRecords.Relation(1), 2);
        wal.Switch();
        using var scenario = await ArchiveScenario.NewAsync();
        await PushAsync(scenario, scenario.NewServer("a"), wal.Segments);

        Assert.Equal(ChangesUnknown.MinimalWalLevel, Reason(await FindAsync(scenario, first, strange)));
        Assert.Equal(ChangesUnknown.MinimalWalLevel, Reason(await FindAsync(scenario, minimal, replica)));
        Assert.Equal(ChangesUnknown.NotUnderstood, Reason(await FindAsync(scenario, replica, last)));
        Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, first, minimal));
        Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, replica, strange));
    }

    [Fact]
    public async Task Nothing_behind_what_is_flushed_is_read()
    {
        var wal = new WalBuilder(firstSegment: 5);
        wal.Switch();
        var first = wal.Insert(ChangeRecords.Relation(1), 1);
        var second = wal.Insert(ChangeRecords.Relation(1), 2);
        var third = wal.Insert(ChangeRecords.Relation(1), 3);
        var end = wal.Position;
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await PushAsync(scenario, server, wal.Segments.Take(1));
        var (name, content) = wal.Segments[1];
        scenario.Write($"{server}/pg_wal/{name}", content.Span);
        LiveWal Live(Lsn flushed) => new(scenario.Files, $"{server}/pg_wal", flushed);

        var known = Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, first, third, Live(third)));
        Assert.Equal([new BlockRange(1, 2)], known.Changes.Forks.Single().Changes.Blocks.Ranges());
        Assert.Equal(1, known.Sources.Live);
        Assert.Equal(ChangesUnknown.NotFlushed, Reason(await FindAsync(scenario, first, end, Live(third))));
        // A position inside a record: the record would count, and is not durable.
        Assert.Equal(
            ChangesUnknown.Broken,
            Reason(await FindAsync(scenario, first, new Lsn(second.Value + 8), Live(new Lsn(second.Value + 8)))));
        Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, first, end, Live(end)));
    }

    [Fact]
    public async Task A_segment_of_which_only_pieces_are_archived_counts_as_far_as_they_lead()
    {
        var wal = new WalBuilder(firstSegment: 5);
        var first = wal.Insert(ChangeRecords.Relation(1), 1);
        wal.Switch();
        wal.Insert(ChangeRecords.Relation(1), 2);
        wal.Blocks(ResourceManager.Xlog, 0xB0, [], images: true, (ChangeRecords.Relation(1), RelationFork.Main, 3));
        var middle = wal.Position;
        wal.Insert(ChangeRecords.Relation(1), 4);
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await PushAsync(scenario, server, wal.Segments.Take(1));
        var (name, content) = wal.Segments[1];
        var length = (uint)(middle - name.Start);
        await WalPieces.PutAsync(
            scenario.Cluster,
            scenario.Cluster.FirstLineage,
            new WalPieceName(name.ToString(), 0, length),
            content[..(int)length],
            predecessor: null,
            level: 1,
            Token);

        var known = Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, first, middle));
        Assert.Equal([new BlockRange(1, 3)], known.Changes.Forks.Single().Changes.Blocks.Ranges());
        Assert.Equal(ChangesUnknown.Broken, Reason(await FindAsync(scenario, first, wal.Position)));

        // The server itself has more than its pieces.
        scenario.Write($"{server}/pg_wal/{name}", content.Span);
        var live = new LiveWal(scenario.Files, $"{server}/pg_wal", wal.Position);
        Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, first, wal.Position, live));
    }

    [Fact]
    public async Task Positions_that_are_not_in_the_history_are_refused()
    {
        var segments = ChangeReading.RandomWal(9, 60).Segments;
        using var scenario = await ArchiveScenario.NewAsync();
        await PushAsync(scenario, scenario.NewServer("a"), segments);
        var (from, to) = (segments[0].Name.Start, segments[0].Name.End);

        Assert.Equal(ChangesUnknown.NotInHistory, Reason(await FindAsync(scenario, to, from)));
        Assert.Equal(
            ChangesUnknown.NotInHistory, Reason(await FindAsync(scenario, from, to, fromTimeline: new Timeline(2))));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task What_an_old_timeline_wrote_behind_the_switch_does_not_count_for_the_new_one(int seed)
    {
        // Two histories with the same beginning, as a promotion leaves them whose old primary went on.
        var (one, two) = (new WalBuilder(), new WalBuilder());
        var (first, second) = (new Random(seed), new Random(seed));
        for (var record = 0; record < 150; record++)
        {
            one.AddRandom(first);
            two.AddRandom(second);
        }

        var switched = two.Position;
        var (firstRest, secondRest) = (new Random(seed + 100), new Random(seed + 200));
        for (var record = 0; record < 150; record++)
        {
            one.AddRandom(firstRest);
            two.AddRandom(secondRest);
        }

        one.Switch();
        two.Switch();
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var (old, renewed) = (one.Segments, Promotion.OnTimeline(two.Segments, new Timeline(2), switched));
        await PushAsync(scenario, server, old);
        await scenario.PushAsync(
            server, "00000002.history", System.Text.Encoding.ASCII.GetBytes($"1\t{switched}\tno recovery target\n"));
        await PushAsync(scenario, server, renewed);

        foreach (var from in Records(old).Where(record => record < switched).Where((_, index) => index % 40 == 3))
        {
            var end = renewed[^1].Name.End;
            var known = Assert.IsType<ChangedBlocksAnswer.Known>(
                await FindAsync(scenario, from, end, timeline: new Timeline(2)));
            Assert.Equal(Bytes(Plain(two.Segments, from, end), old), Bytes(known.Changes, old));
            var stayed = Assert.IsType<ChangedBlocksAnswer.Known>(await FindAsync(scenario, from, old[^1].Name.End));
            Assert.Equal(Bytes(Plain(old, from, old[^1].Name.End), old), Bytes(stayed.Changes, old));
        }

        Assert.Equal(
            ChangesUnknown.NotInHistory,
            Reason(await FindAsync(
                scenario, Records(old).First(record => record > switched), Lsn.Max, timeline: new Timeline(2))));
    }

    private static ChangesUnknown Reason(ChangedBlocksAnswer answer) =>
        Assert.IsType<ChangedBlocksAnswer.Unknown>(answer).Reason;

    private static byte[] Bytes(
        WalChanges changes, IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments) =>
        ChangeReading.Bytes(changes, segments[0].Name);

    private static async Task PushAsync(
        ArchiveScenario scenario,
        string server,
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        foreach (var (name, content) in segments)
        {
            await scenario.PushAsync(server, name.ToString(), content);
        }
    }

    private static ValueTask<ChangedBlocksAnswer> FindAsync(
        ArchiveScenario scenario,
        Lsn from,
        Lsn to,
        LiveWal? live = null,
        Timeline? fromTimeline = null,
        Timeline? timeline = null) =>
        ChangedBlocks.FindAsync(
            new ChangedBlocksRequest
            {
                Cluster = scenario.Cluster,
                Lineage = scenario.Cluster.FirstLineage,
                Timeline = timeline ?? Timeline.First,
                FromTimeline = fromTimeline ?? Timeline.First,
                From = from,
                To = to,
                Live = live,
            },
            Token);

    private static List<Lsn> Records(IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments) =>
        [.. WalFixtures.ReadAll(segments).Records.Select(record => record.Lsn)];

    private static WalChanges Plain(
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments, Lsn from, Lsn to)
    {
        var changes = new WalChanges();
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                if (record.Lsn >= from && record.Lsn < to)
                {
                    changes.Take(record);
                }
            }
        }

        return changes;
    }
}
