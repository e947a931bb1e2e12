using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Xunit;

namespace Lifeboat.Tests.Service;

/// <summary>What lies in the spool is what a fetch would bring, and is believed only while that is so.</summary>
public sealed class FetchAheadTests
{
    private static readonly (string Name, byte[] Content)[] Wal = [.. ServiceScenario.Segments(6)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Segments_behind_the_one_asked_for_are_delivered_byte_for_byte_and_the_rest_follows()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 6);
        using var running = (await scenario.BeginAsync(spoolBytes: 3 << 20)).Start();

        running.Fetch.Ask(Wal[0].Name);
        for (var at = 0; at < 6; at++)
        {
            await running.UntilAsync(() => running.Fetch.StateOf(Wal[at].Name) == FetchState.Spooled);
            Assert.InRange(running.Fetch.Health().SpooledBytes, 1, 3 << 20);
            Assert.Equal(0, scenario.Fetch(Wal[at].Name, shell: "/bin/sh"));
            Assert.Equal(Wal[at].Content, Taken(scenario));
        }

        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 0 });
        Assert.Equal(6, running.Fetch.Health().Fetched);
    }

    [Fact]
    public async Task Absence_is_never_told_and_a_history_goes_the_exact_way()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 2);
        await scenario.Archive.PushAsync(
            scenario.Server,
            "00000002.history",
            new TimelineHistory(new Timeline(2), [new TimelineHistoryEntry(Timeline.First, new Lsn(0x600100), "")]).Format());
        using var running = (await scenario.BeginAsync()).Start();

        running.Fetch.Ask(Wal[0].Name);
        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 2 });
        running.Fetch.Ask(Wal[4].Name);
        await running.UntilAsync(() => running.Fetch.StateOf(Wal[4].Name) == FetchState.None);

        Assert.Equal(ServiceScenario.NotBelieved, scenario.Fetch(Wal[4].Name));
        running.Fetch.Ask("00000002.history");
        Assert.Equal(FetchState.None, running.Fetch.StateOf("00000002.history"));
        Assert.Equal(ServiceScenario.NotBelieved, scenario.Fetch("00000002.history"));

        // Once it is archived, the next question brings it.
        await scenario.Archive.PushAsync(scenario.Server, Wal[4].Name, Wal[4].Content);
        running.Fetch.Ask(Wal[4].Name);
        await running.UntilAsync(() => running.Fetch.StateOf(Wal[4].Name) == FetchState.Spooled);
        Assert.Equal(0, scenario.Fetch(Wal[4].Name, shell: "/bin/bash"));
        Assert.Equal(Wal[4].Content, Taken(scenario));
    }

    [Fact]
    public async Task Another_timeline_is_followed_when_recovery_asks_for_it()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 3);
        string Second(int at) => $"00000002{Wal[at].Name[8..]}";
        for (var at = 2; at < 5; at++)
        {
            await scenario.Archive.PushAsync(scenario.Server, Second(at), Wal[at].Content);
        }

        using var running = (await scenario.BeginAsync()).Start();
        running.Fetch.Ask(Wal[1].Name);
        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 2 });
        running.Fetch.Ask(Second(2));
        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 4 });

        // The segment before the ones asked for is gone, whichever timeline it is of; those of both are kept.
        Assert.Equal(FetchState.None, running.Fetch.StateOf(Wal[1].Name));
        Assert.Equal(FetchState.Spooled, running.Fetch.StateOf(Wal[2].Name));
        Assert.Equal(0, scenario.Fetch(Second(3), shell: "/bin/sh"));
        Assert.Equal(Wal[3].Content, Taken(scenario));
        Assert.Equal(ServiceScenario.NotBelieved, scenario.Fetch($"00000003{Wal[3].Name[8..]}"));
    }

    [Fact]
    public async Task A_restored_copy_gets_nothing_of_its_sources_later_timelines()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 3);
        var later = $"00000002{Wal[2].Name[8..]}";
        await scenario.Archive.PushAsync(scenario.Server, later, Wal[2].Content);
        new LineageMarker(
            Id128.NewRandom(),
            scenario.Cluster.Id,
            new LineageOrigin(scenario.Cluster.FirstLineage, "backup", Timeline.First, new Lsn(0x500000)))
            .Write(scenario.Files, scenario.Server);
        using var running = (await scenario.BeginAsync()).Start();

        running.Fetch.Ask(Wal[0].Name);
        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 3 });
        running.Fetch.Ask(later);
        await running.UntilAsync(() => running.Fetch.StateOf(later) == FetchState.None);

        Assert.Equal(ServiceScenario.NotBelieved, scenario.Fetch(later));
        Assert.Equal(WalFetchResult.Absent, (await scenario.Archive.FetchAsync(scenario.Server, later)).Result);
        Assert.Equal(0, scenario.Fetch(Wal[2].Name, shell: "/bin/sh"));
        Assert.Equal(Wal[2].Content, Taken(scenario));
    }

    [Fact]
    public async Task A_spool_is_not_believed_when_lineage_repository_object_or_service_is_another()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 3);
        using (var running = (await scenario.BeginAsync()).Start())
        {
            running.Fetch.Ask(Wal[0].Name);
            await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Spooled: 3 });
            scenario.Run($"cp -a '{scenario.Server}' '{scenario.Scratch}/clone'");
            scenario.Run($"cp -a '{scenario.Repository}' '{scenario.Scratch}/other'");

            AssertNotTaken(scenario, Wal[0].Name, server: $"{scenario.Scratch}/clone");
            AssertNotTaken(scenario, Wal[0].Name, repository: $"{scenario.Scratch}/other");
            await scenario.Archive.DeleteAsync(Wal[1].Name);
            AssertNotTaken(scenario, Wal[1].Name);
            await Adoption.AsNewAsync(scenario.Cluster, scenario.Files, scenario.Server, TimeProvider.System, Token);
            AssertNotTaken(scenario, Wal[0].Name);
            scenario.Files.Delete($"{scenario.Server}/{LineageMarker.FileName}");
            Assert.Equal(0, scenario.Fetch(Wal[0].Name, shell: "/bin/sh"));
        }

        AssertNotTaken(scenario, Wal[2].Name);
        scenario.Run($"rm -rf '{scenario.Places.Folder}';"
            + $" cp -a '{scenario.Scratch}/clone/{ServicePlaces.RelativeFolder}' '{scenario.Places.Folder}'");
        AssertNotTaken(scenario, Wal[2].Name);
    }

    [Fact]
    public async Task A_damaged_object_never_comes_into_the_spool()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await ArchiveAsync(scenario, 2);
        scenario.Run($"f=$(find '{scenario.Repository}' -name '{Wal[1].Name}-*');"
            + " printf X | dd of=$f bs=1 seek=3000 conv=notrunc 2>/dev/null");
        using var running = (await scenario.BeginAsync()).Start();

        running.Fetch.Ask(Wal[0].Name);
        await running.UntilAsync(() => running.Fetch.Health() is { UnderWay: 0, Failing: true, Spooled: 1 });

        Assert.Equal(Wal[1].Name, running.Fetch.Health().LastError!.Subject);
        Assert.Equal(FetchState.None, running.Fetch.StateOf(Wal[1].Name));
        Assert.DoesNotContain(
            scenario.Files.List(scenario.Places.Spool), entry => entry.Name.StartsWith(Wal[1].Name, StringComparison.Ordinal));
    }

    private static async Task ArchiveAsync(ServiceScenario scenario, int count)
    {
        foreach (var (name, content) in Wal.Take(count))
        {
            await scenario.Archive.PushAsync(scenario.Server, name, content);
        }
    }

    private static void AssertNotTaken(
        ServiceScenario scenario, string name, string? server = null, string? repository = null)
    {
        Assert.Equal(ServiceScenario.NotBelieved, scenario.Fetch(name, server, repository));
        Assert.False(scenario.Evidence(server, repository).TryTake(name, $"{scenario.Scratch}/taken"));
        Assert.Null(scenario.Files.Stat($"{scenario.Scratch}/taken"));
    }

    private static byte[] Taken(ServiceScenario scenario)
    {
        var content = scenario.Archive.Read($"{scenario.Server}/pg_wal/RECOVERYXLOG");
        scenario.Files.Delete($"{scenario.Server}/pg_wal/RECOVERYXLOG");
        return content;
    }
}
