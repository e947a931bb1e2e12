using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Stores;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class WalFetchTests
{
    private const string First = "000000010000000000000005";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Segment(uint xid = 700)
    {
        var wal = new WalBuilder();
        wal.Commit(xid, ArchiveScenario.Micros(1));
        wal.Switch();
        return wal.Segments[0].Content.ToArray();
    }

    private static byte[] History(uint timeline, params (uint Timeline, ulong Lsn)[] entries) => new TimelineHistory(
        new Timeline(timeline),
        entries.Select(entry => new TimelineHistoryEntry(new Timeline(entry.Timeline), new Lsn(entry.Lsn), ""))).Format();

    [Fact]
    public async Task What_was_pushed_is_delivered_and_what_was_not_is_absent()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await scenario.PushAsync(server, First, Segment());

        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(server, First)).Result);
        Assert.Equal(Segment(), scenario.Read($"{server}/pg_wal/RECOVERYXLOG"));
        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(server, "000000010000000000000006")).Result);
        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(server, "00000002.history")).Result);
    }

    [Fact]
    public async Task A_whole_segment_never_comes_from_a_partial_one()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        await scenario.PushAsync(server, First + ".partial", Segment());

        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(server, First)).Result);
        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(server, First + ".partial")).Result);
    }

    [Fact]
    public async Task Of_several_contents_none_is_chosen()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var stored = await scenario.PushAsync(server, First, Segment());
        var other = Segment(xid: 701);
        await WalStore.PutAsync(
            scenario.Cluster,
            stored.Object.Lineage,
            other,
            stored.Facts with { Tag = WalStore.TagOf(scenario.Cluster, other) },
            1,
            Token);

        var conflict = await Assert.ThrowsAsync<LifeboatException>(() => scenario.FetchAsync(server, First));
        Assert.Equal(ErrorCode.Conflict, conflict.Code);
        Assert.Null(scenario.Files.Stat($"{server}/pg_wal/RECOVERYXLOG"));

        // The writer that raced is told, too, though its own object is there.
        Assert.Equal(
            ErrorCode.Conflict,
            (await Assert.ThrowsAsync<LifeboatException>(
                async () => await scenario.PushAsync(server, First, Segment()))).Code);
    }

    [Fact]
    public async Task A_restored_copy_replays_its_sources_archive_up_to_the_shared_timeline()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var source = scenario.NewServer("a");
        await scenario.PushAsync(source, First, Segment());
        await scenario.PushAsync(source, "00000002.history", History(2, (1, 0x500400)));
        await scenario.PushAsync(source, "000000020000000000000005", Segment());
        var copy = scenario.NewServer("b");
        Origin(scenario, scenario.Cluster.FirstLineage, timeline: 1).Write(scenario.Files, copy);

        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(copy, First)).Result);
        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(copy, "000000020000000000000005")).Result);

        // So that the copy's own timeline gets another id than its source's.
        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(copy, "00000002.history")).Result);
    }

    [Fact]
    public async Task A_promoted_copy_does_not_see_its_sources_later_timelines()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var source = scenario.NewServer("a");
        await scenario.PushAsync(source, First, Segment());
        await scenario.PushAsync(source, "00000002.history", History(2, (1, 0x500400)));
        var copy = scenario.NewServer("b");
        Origin(scenario, scenario.Cluster.FirstLineage, timeline: 1).Write(scenario.Files, copy);
        await scenario.PushAsync(copy, "00000003.history", History(3, (1, 0x500300)));
        await scenario.PushAsync(source, "00000004.history", History(4, (1, 0x500400), (2, 0x600400)));

        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(copy, "00000003.history")).Result);
        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(copy, "00000004.history")).Result);
        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(copy, First)).Result);
        Assert.Equal(WalFetchResult.Absent, (await scenario.FetchAsync(source, "00000003.history")).Result);
    }

    [Fact]
    public async Task A_copy_of_a_copy_finds_what_its_sources_source_archived()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var source = scenario.NewServer("a");
        await scenario.PushAsync(source, First, Segment());
        var copy = scenario.NewServer("b");
        var marker = Origin(scenario, scenario.Cluster.FirstLineage, timeline: 1);
        marker.Write(scenario.Files, copy);
        await scenario.PushAsync(copy, "00000002.history", History(2, (1, 0x500300)));
        var grandchild = scenario.NewServer("c");
        Origin(scenario, marker.Lineage, timeline: 2).Write(scenario.Files, grandchild);

        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(grandchild, "00000002.history")).Result);
        Assert.Equal(WalFetchResult.Delivered, (await scenario.FetchAsync(grandchild, First)).Result);
    }

    [Fact]
    public async Task A_failure_that_passes_is_tried_again_and_never_answered_with_absent()
    {
        FaultyStore? faulty = null;
        using var scenario = await ArchiveScenario.NewAsync(store => faulty = new FaultyStore(store));
        var server = scenario.NewServer("a");
        await scenario.PushAsync(server, First, Segment());
        faulty!.Fault = new StoreFault(1);

        await Assert.ThrowsAnyAsync<LifeboatException>(() => scenario.FetchAsync(server, First));
        faulty.Fault = new StoreFault(1);
        var outcome = await WalFetch.RunAsync(
            new WalFetchRequest
            {
                Cluster = scenario.Cluster,
                Name = First,
                Destination = $"{server}/pg_wal/RECOVERYXLOG",
                Files = scenario.Files,
            },
            Token);

        Assert.Equal(WalFetchResult.Delivered, outcome.Result);
    }

    [Theory]
    [InlineData(new string[0], ExitCodes.Failed)]
    [InlineData(new[] { "recovery.signal" }, ExitCodes.CannotTell)]
    [InlineData(new[] { "standby.signal" }, ExitCodes.Failed)]
    [InlineData(new[] { "recovery.signal", "standby.signal" }, ExitCodes.Failed)]
    public async Task In_doubt_a_recovery_must_not_end_and_a_standby_must_not_stop(string[] signals, int code)
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        foreach (var signal in signals)
        {
            scenario.Write($"{server}/{signal}", default);
        }

        Assert.Equal(code, FetchFailure.ExitCode(scenario.Files, server));
    }

    private static LineageMarker Origin(ArchiveScenario scenario, Id128 source, uint timeline) => new(
        Id128.NewRandom(),
        scenario.Cluster.Id,
        new LineageOrigin(source, "20260301T120000Z-a1b2c3", new Timeline(timeline), new Lsn(0x500100)));
}
