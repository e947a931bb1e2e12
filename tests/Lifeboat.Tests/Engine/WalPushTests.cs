using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing.Stores;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class WalPushTests
{
    private const string First = "000000010000000000000005";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Segment(ulong systemIdentifier = ArchiveScenario.SystemIdentifier, uint xid = 700)
    {
        var wal = new WalBuilder(systemIdentifier: systemIdentifier);
        wal.Commit(xid, ArchiveScenario.Micros(1));
        wal.RestorePoint("here", ArchiveScenario.Micros(2));
        wal.Switch();
        return wal.Segments[0].Content.ToArray();
    }

    [Fact]
    public async Task A_pushed_segment_reads_back_byte_for_byte_with_its_summary()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var content = Segment();

        var outcome = await scenario.PushAsync(scenario.NewServer("a"), First, content);

        Assert.Equal(WalPushResult.Stored, outcome.Result);
        var (stored, facts) = await WalStore.ReadAsync(scenario.Cluster, outcome.Object, Token);
        Assert.Equal(content, stored);
        var summary = facts.Segment!;
        Assert.Equal(1, summary.Commits);
        Assert.Equal(ArchiveScenario.At(1), summary.LastCommitTime);
        Assert.Equal(ArchiveScenario.At(1), summary.GreatestFinishTime);
        Assert.Equal(ArchiveScenario.At(2), summary.GreatestTime);
        Assert.Equal("here", Assert.Single(summary.RestorePoints).Name);
        Assert.Null(summary.Unreadable);
    }

    [Fact]
    public async Task Pushing_the_same_content_again_is_idempotent()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await scenario.PushAsync(server, First, Segment());

        var again = await scenario.PushAsync(server, First, Segment());

        Assert.Equal(WalPushResult.AlreadyStored, again.Result);
        Assert.Single(await WalStore.FindAsync(scenario.Cluster, scenario.Cluster.FirstLineage, First, Token));
    }

    [Fact]
    public async Task Other_content_under_the_same_name_is_refused_and_what_is_stored_stays()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var stored = await scenario.PushAsync(server, First, Segment());

        var refusal = await Assert.ThrowsAsync<LifeboatException>(
            async () => await scenario.PushAsync(server, First, Segment(xid: 701)));

        Assert.Equal(ErrorCode.Conflict, refusal.Code);
        Assert.Contains(stored.Facts.Tag.ToString(), refusal.Message, StringComparison.Ordinal);
        var item = Assert.Single(await WalStore.FindAsync(scenario.Cluster, scenario.Cluster.FirstLineage, First, Token));
        Assert.Equal(stored.Object.Tag, item.Tag);
    }

    [Fact]
    public async Task After_a_failure_of_any_store_operation_the_repeated_push_ends_with_the_segment_stored()
    {
        for (var at = 1; ; at++)
        {
            FaultyStore? faulty = null;
            using var scenario = await ArchiveScenario.NewAsync(store => faulty = new FaultyStore(store));
            var server = scenario.NewServer("a");
            faulty!.Fault = new StoreFault(at);
            LifeboatException? failure = null;
            try
            {
                await scenario.PushAsync(server, First, Segment());
            }
            catch (LifeboatException failed)
            {
                failure = failed;
            }

            if (!faulty.Struck)
            {
                Assert.Null(failure);
                Assert.True(at > 5, "the push has become too short to show anything");
                return;
            }

            Assert.NotNull(failure);
            faulty.Fault = null;
            var outcome = await scenario.PushAsync(server, First, Segment());
            var (content, _) = await WalStore.ReadAsync(scenario.Cluster, outcome.Object, Token);
            Assert.Equal(Segment(), content);
        }
    }

    [Fact]
    public async Task A_copy_of_the_server_archives_nothing_new_until_it_is_adopted()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var source = scenario.NewServer("a");
        var copy = scenario.NewServer("b");
        var wal = new WalBuilder();
        wal.FillTo(WalBuilder.Size.Bytes - 100);
        wal.Commit(700, ArchiveScenario.Micros(1));
        wal.FillTo(5000);
        await scenario.PushAsync(source, First, wal.Segments[0].Content);
        var second = wal.Segments[1].Name.ToString();

        var refusal = await Assert.ThrowsAsync<LifeboatException>(
            async () => await scenario.PushAsync(copy, second, wal.Segments[1].Content));
        Assert.Equal(ErrorCode.Conflict, refusal.Code);
        Assert.Contains("lifeboat adopt", refusal.Failure.Hint, StringComparison.Ordinal);
        Assert.Equal(
            WalPushResult.AlreadyStored,
            (await scenario.PushAsync(copy, First, wal.Segments[0].Content)).Result);

        await Adoption.AsNewAsync(scenario.Cluster, scenario.Files, copy, TimeProvider.System, Token);
        var beside = await scenario.PushAsync(copy, second, wal.Segments[1].Content);
        Assert.NotEqual(scenario.Cluster.FirstLineage, beside.Object.Lineage);
        Assert.Empty(await WalStore.FindAsync(scenario.Cluster, scenario.Cluster.FirstLineage, second, Token));
    }

    [Fact]
    public async Task A_server_that_moved_takes_its_timeline_over()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        await scenario.PushAsync(scenario.NewServer("a"), First, Segment());
        var moved = scenario.NewServer("b");

        var report = await Adoption.TakeOverAsync(
            scenario.Cluster, scenario.Files, moved, TimeProvider.System, Token, host: "here");

        Assert.EndsWith("/a", report.Before!.Directory, StringComparison.Ordinal);
        var next = new WalBuilder(firstSegment: 6);
        next.Commit(701, ArchiveScenario.Micros(3));
        next.Switch();
        var outcome = await scenario.PushAsync(moved, next.Segments[0].Name.ToString(), next.Segments[0].Content);
        Assert.Equal(WalPushResult.Stored, outcome.Result);
        Assert.NotNull(outcome.Facts.Predecessor);
    }

    [Fact]
    public async Task What_a_promotion_leaves_of_another_servers_timeline_needs_no_claim_on_it()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        await scenario.PushAsync(scenario.NewServer("a"), First, Segment());
        var promoted = scenario.NewServer("b");
        var history = new TimelineHistory(new Timeline(2), [new TimelineHistoryEntry(new Timeline(1), new Lsn(0x600100), "")]);
        var wal = new WalBuilder(firstSegment: 6);
        wal.Commit(701, ArchiveScenario.Micros(3));

        await scenario.PushAsync(promoted, "00000002.history", history.Format());
        await scenario.PushAsync(promoted, "000000010000000000000006.partial", wal.Segments[0].Content);
        await scenario.PushAsync(promoted, "000000020000000000000006", wal.Segments[0].Content);
    }

    [Fact]
    public async Task A_file_that_is_not_what_its_name_says_is_refused()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await scenario.PushAsync(server, First, Segment());
        async Task<ErrorCode> Refused(string name, byte[] content) => (await Assert.ThrowsAsync<LifeboatException>(
            async () => await scenario.PushAsync(server, name, content))).Code;

        Assert.Equal(ErrorCode.Mismatch, await Refused("000000010000000000000006", Segment()));
        Assert.Equal(ErrorCode.Mismatch, await Refused(First, Segment(systemIdentifier: 99)));
        Assert.Equal(ErrorCode.Damaged, await Refused(First, Segment()[..^1]));
        Assert.Equal(ErrorCode.Damaged, await Refused("000000010000000000000006", new byte[1 << 20]));
        Assert.Equal(ErrorCode.Damaged, await Refused("000000010000000000000006", []));
        Assert.Equal(ErrorCode.Damaged, await Refused("00000002.history", []));
        Assert.Equal(ErrorCode.Damaged, await Refused("00000003.history", "2\t0/5\tx\n1\t0/6\tx\n"u8.ToArray()));
        Assert.Equal(ErrorCode.Usage, await Refused("archive_status", Segment()));
    }

    [Fact]
    public async Task A_stored_object_that_is_damaged_is_named_and_never_taken_for_the_file()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var stored = (await scenario.PushAsync(server, First, Segment())).Object;
        var bytes = new byte[stored.Size];
        await scenario.Store.ReadAsync(stored.Name, 0, bytes, Token);
        bytes[300] ^= 1;
        await scenario.Store.PutAsync(stored.Name, bytes, PutCondition.Overwrite, Token);

        var damaged = await Assert.ThrowsAsync<DamagedObjectException>(
            async () => await scenario.PushAsync(server, First, Segment()));

        Assert.Equal(stored.Name, damaged.Name);
        Assert.Equal(
            ErrorCode.Damaged,
            (await Assert.ThrowsAsync<DamagedObjectException>(() => scenario.FetchAsync(server, First))).Code);
    }

    [Fact]
    public async Task The_record_over_a_segments_edge_is_told_by_its_resource_manager()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var wal = new WalBuilder();
        wal.FillTo(WalBuilder.Size.Bytes - 300);
        while ((ulong)WalBuilder.Size.Bytes - (wal.Position.Value % (ulong)WalBuilder.Size.Bytes) > 32)
        {
            wal.Record(ResourceManager.Heap, 0, new byte[2]);
        }

        wal.Commit(700, ArchiveScenario.Micros(1));

        var outcome = await scenario.PushAsync(scenario.NewServer("a"), First, wal.Segments[0].Content);

        Assert.True(outcome.Facts.Segment!.Continues);
        Assert.Equal((byte)ResourceManager.Transaction, outcome.Facts.Segment.ContinuesWith);
        Assert.Equal(0, outcome.Facts.Segment.Commits);
    }
}
