using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing;
using Lifeboat.Testing.Stores;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Engine;
using Xunit;

namespace Lifeboat.Tests.Receive;

public sealed class StreamReceiverTests
{
    private static readonly LifeboatException s_lost = new(new Failure(
        ErrorCode.ServerUnavailable, "stream WAL", "here", "lost", Transient: true, "Nothing: this was a test."));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task What_was_sent_is_durable_when_it_is_acknowledged_and_streaming_goes_on_where_it_ended(
        bool synchronous) => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers($"stream {synchronous}");
        using var scenario = await StreamScenario.NewAsync(random.Next());
        for (var connection = 0; connection < 4; connection++)
        {
            var to = scenario.Anywhere();
            await LostAsync(scenario, to, synchronous);
            var stored = await scenario.StoredAsync();
            Assert.Equal(scenario.Bytes(scenario.First.Start, scenario.First.Start + (ulong)stored.Length), stored);
            Assert.True(scenario.First.Start + (ulong)stored.Length >= to);
            Assert.All(
                scenario.Acknowledged,
                position => Assert.True(position <= scenario.First.Start + (ulong)stored.Length));
        }

        await scenario.ReceiveAsync(scenario.Wal.Position, synchronous);
        Assert.Equal(
            scenario.Bytes(scenario.First.Start, scenario.Wal.Position), await scenario.StoredAsync());
        Assert.Equal(scenario.Wal.Position, scenario.Acknowledged[^1]);
        Assert.Equal(2, await WholeAsync(scenario));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_store_that_fails_for_good_at_any_operation_leaves_what_was_acknowledged_and_the_next_receiver_goes_on(
        bool synchronous) => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers($"stream faults {synchronous}");
        long operations;
        using (var counted = await StreamScenario.NewAsync(7, store => new FaultyStore(store), segments: 1))
        {
            var store = (FaultyStore)counted.Archive.Store;
            store.Fault = null;
            await counted.ReceiveAsync(counted.Wal.Position, synchronous);
            operations = store.Trace.Count;
        }

        foreach (var at in Sample.Of($"stream faults {synchronous}", 25, Enumerable.Range(1, (int)operations)))
        {
            using var scenario = await StreamScenario.NewAsync(
                random.Next(), store => new FaultyStore(store), segments: 1);
            var store = (FaultyStore)scenario.Archive.Store;
            store.Fault = new StoreFault(
                at,
                ForGood: true,
                random.Next(2) == 0 ? StoreFaultKind.Before : StoreFaultKind.After,
                Transient: false);
            try
            {
                await scenario.ReceiveAsync(scenario.Wal.Position, synchronous);
            }
            catch (LifeboatException failed) when (failed.Code == ErrorCode.StoreUnavailable)
            {
                // As planned; with fewer operations this time nothing fails.
            }

            store.Fault = null;
            var stored = await scenario.StoredAsync();
            Assert.Equal(scenario.Bytes(scenario.First.Start, scenario.First.Start + (ulong)stored.Length), stored);
            Assert.All(
                scenario.Acknowledged,
                position => Assert.True(position <= scenario.First.Start + (ulong)stored.Length, $"operation {at}"));
            await scenario.ReceiveAsync(scenario.Wal.Position, synchronous);
            Assert.Equal(
                scenario.Bytes(scenario.First.Start, scenario.Wal.Position), await scenario.StoredAsync());
            Assert.Equal(1, await WholeAsync(scenario));
        }
    });

    [Fact]
    public async Task Wal_that_differs_from_what_is_stored_is_refused_before_anything_of_it_is_taken()
    {
        using var scenario = await StreamScenario.NewAsync(3);
        var middle = scenario.First.Next.Start + 70_000;
        await scenario.ReceiveAsync(middle);
        var before = await ListAsync(scenario);

        var refused = await Assert.ThrowsAsync<LifeboatException>(
            () => scenario.ReceiveAsync(scenario.Wal.Position, wal: StreamScenario.NewWal(2, xid: 800)));

        Assert.Equal(ErrorCode.Conflict, refused.Code);
        Assert.Equal(before, await ListAsync(scenario));
        Assert.DoesNotContain(scenario.Acknowledged, position => position > middle);
    }

    [Fact]
    public async Task At_the_edge_of_a_segment_the_whole_one_before_is_what_the_server_is_compared_with()
    {
        using var scenario = await StreamScenario.NewAsync(4);
        await scenario.ReceiveAsync(scenario.First.End);
        Assert.Equal(1, await WholeAsync(scenario));

        var refused = await Assert.ThrowsAsync<LifeboatException>(
            () => scenario.ReceiveAsync(scenario.Wal.Position, wal: StreamScenario.NewWal(2, xid: 800)));

        Assert.Equal(ErrorCode.Conflict, refused.Code);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(24)]
    public async Task Another_content_than_that_of_a_receivers_pieces_is_not_pushed_and_the_same_is(int received)
    {
        using var scenario = await StreamScenario.NewAsync(5);
        await scenario.ReceiveAsync(scenario.First.Start + (ulong)received);
        var before = await ListAsync(scenario);
        var server = scenario.Archive.NewServer("other");
        var other = scenario.Wal.Segments[0].Content.ToArray();
        other[received - 1] ^= 1;

        var refused = await Assert.ThrowsAsync<LifeboatException>(
            async () => await scenario.Archive.PushAsync(server, scenario.First.ToString(), other));

        Assert.Equal(ErrorCode.Conflict, refused.Code);
        Assert.Contains("wal receive", refused.Failure.Cause, StringComparison.Ordinal);
        Assert.Equal(before, await ListAsync(scenario));
        // What differs behind the pieces, they do not contradict.
        other[received - 1] ^= 1;
        var pushed = await scenario.Archive.PushAsync(server, scenario.First.ToString(), other);
        Assert.Equal(Lifeboat.Engine.Wal.WalPushResult.Stored, pushed.Result);
        await scenario.ReceiveAsync(scenario.Wal.Position);
        Assert.Equal(2, await WholeAsync(scenario));
    }

    [Fact]
    public async Task Another_content_that_came_under_a_segments_name_meanwhile_is_a_conflict_when_the_segment_fills()
    {
        using var scenario = await StreamScenario.NewAsync(5);
        await scenario.ReceiveAsync(scenario.First.Start + 100_000);
        var content = StreamScenario.NewWal(1, xid: 900).Segments[0].Content;
        var cluster = scenario.Archive.Cluster;
        await WalStore.PutAsync(
            cluster,
            cluster.FirstLineage,
            content,
            new WalFacts(
                scenario.First.ToString(),
                content.Length,
                WalStore.TagOf(cluster, content.Span),
                Predecessor: null,
                Lifeboat.Engine.Wal.WalSummary.Of(scenario.First, content, out _)),
            level: 1,
            ArchiveScenario.Token);

        var point = (await scenario.FindAsync())!;
        Assert.Equal(scenario.First.Next, point.Segment);
        var refused = await Assert.ThrowsAsync<LifeboatException>(
            () => scenario.ReceiveAsync(scenario.Wal.Position));
        Assert.Equal(ErrorCode.Conflict, refused.Code);
    }

    [Fact]
    public async Task A_segment_that_was_pushed_is_the_same_object_as_the_one_that_was_streamed()
    {
        using var scenario = await StreamScenario.NewAsync(6);
        await scenario.ReceiveAsync(scenario.Wal.Position);
        var before = await ListAsync(scenario);
        var server = scenario.Archive.NewServer("a");
        foreach (var (name, content) in scenario.Wal.Segments.Take(2))
        {
            var pushed = await scenario.Archive.PushAsync(server, name.ToString(), content);
            Assert.Equal(Lifeboat.Engine.Wal.WalPushResult.AlreadyStored, pushed.Result);
        }

        Assert.Equal(before, await ListAsync(scenario));
    }

    [Fact]
    public async Task Pieces_that_lead_to_the_end_of_a_segment_are_made_whole_by_the_next_receiver()
    {
        using var scenario = await StreamScenario.NewAsync(8);
        var size = (uint)WalBuilder.Size.Bytes;
        var content = scenario.Wal.Segments[0].Content;
        foreach (var (from, to) in ((uint, uint)[])[(0, 9000), (9000, 300_000), (300_000, size)])
        {
            await WalPieces.PutAsync(
                scenario.Archive.Cluster,
                scenario.Archive.Cluster.FirstLineage,
                new WalPieceName(scenario.First.ToString(), from, to),
                content[(int)from..(int)to],
                predecessor: null,
                level: 1,
                ArchiveScenario.Token);
        }

        Assert.Equal(scenario.First.End, (await scenario.FindAsync())!.Durable);
        Assert.Equal(1, await WholeAsync(scenario));
    }

    private static async Task LostAsync(StreamScenario scenario, Lsn to, bool synchronous)
    {
        var thrown = await Assert.ThrowsAsync<LifeboatException>(
            () => scenario.ReceiveAsync(to, synchronous, lost: s_lost));
        Assert.Same(s_lost, thrown);
    }

    private static async Task<int> WholeAsync(StreamScenario scenario) =>
        (await ListAsync(scenario)).Count(name => !name.Contains(".piece-", StringComparison.Ordinal));

    private static async Task<List<string>> ListAsync(StreamScenario scenario)
    {
        var names = new List<string>();
        await foreach (var item in scenario.Archive.Store.ListAsync("clusters/", ArchiveScenario.Token))
        {
            if (item.Name.Value.Contains("/wal/", StringComparison.Ordinal)
                || item.Name.Value.Contains("/pieces/", StringComparison.Ordinal))
            {
                names.Add(item.Name.Value);
            }
        }

        return names;
    }
}
