using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Wal.Changes;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class WalCatalogTests
{
    private const int Count = WalCatalog.Segments;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Catalogs_serve_facts_and_changes_and_are_ignored_when_they_are_damaged_or_disagree()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var (cluster, lineage) = (scenario.Cluster, scenario.Cluster.FirstLineage);
        var segments = Small(firstSegment: Count - 1, segments: Count + 2);
        var server = scenario.NewServer("a");
        foreach (var (name, content) in segments.SkipLast(2))
        {
            await scenario.PushAsync(server, name.ToString(), content);
        }

        // 256 segments that are not yet all there make no catalog, and those before the first multiple none.
        Assert.Equal((0, 0), await RollAsync(scenario));
        await scenario.PushAsync(server, segments[^2].Name.ToString(), segments[^2].Content);
        await scenario.PushAsync(server, segments[^1].Name.ToString(), segments[^1].Content);
        Assert.Equal((1, 0), await RollAsync(scenario));
        Assert.Equal((0, 1), await RollAsync(scenario));
        Assert.Equal((0, 1), await RollAsync(scenario, verify: true));

        await AssertServedAsync(scenario, segments, fromCatalog: Count);
        var catalog = Assert.Single(await WalCatalog.ListAsync(cluster, lineage, Token));

        // Damaged: ignored, and replaced when it is looked at.
        await DamageAsync(scenario.Store, catalog);
        await AssertServedAsync(scenario, segments, fromCatalog: 0);
        Assert.Equal((1, 0), await RollAsync(scenario, verify: true));
        await AssertServedAsync(scenario, segments, fromCatalog: Count);

        // One segment has another content than the catalog says: the rest is believed one by one, the summary not.
        var (changed, _) = segments[40];
        var other = Small(firstSegment: (int)changed.Number, segments: 1)[0].Content.ToArray();
        await scenario.DeleteAsync(changed.ToString());
        await scenario.PushAsync(server, changed.ToString(), other);
        var reader = new WalFactsReader(cluster);
        foreach (var (name, _) in segments)
        {
            var item = Assert.Single(await WalStore.FindAsync(cluster, lineage, name.ToString(), Token));
            Assert.Equal(item.Tag, (await reader.ReadAsync(item, Token)).Tag);
        }

        Assert.Equal((Count - 1, 3), (reader.FromCatalogs, reader.FromObjects));
        var answer = await FindAsync(scenario, segments[0].Name.Start, segments[^1].Name.End);
        Assert.Equal(ChangesUnknown.Broken, Assert.IsType<ChangedBlocksAnswer.Unknown>(answer).Reason);
    }

    private static async Task AssertServedAsync(
        ArchiveScenario scenario,
        IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments,
        int fromCatalog)
    {
        var (cluster, lineage) = (scenario.Cluster, scenario.Cluster.FirstLineage);
        var reader = new WalFactsReader(cluster);
        await foreach (var item in WalStore.ListAsync(cluster, lineage, Token))
        {
            var known = await reader.ReadAsync(item, Token);
            var own = await WalStore.ReadFactsAsync(cluster, item, Token);
            Assert.Equal(own with { Segment = null }, known with { Segment = null });
            Assert.Equal(own.Segment!.EndOfRecords, known.Segment!.EndOfRecords);
        }

        Assert.Equal((fromCatalog, segments.Count - fromCatalog), (reader.FromCatalogs, reader.FromObjects));
        var found = Assert.IsType<ChangedBlocksAnswer.Known>(
            await FindAsync(scenario, segments[0].Name.Start, segments[^1].Name.End));
        Assert.Equal((fromCatalog, 0), (found.Sources.Catalogs, found.Sources.Rebuilt));
        Assert.Equal(
            ChangeReading.Bytes(ChangeReading.Plain(segments), segments[0].Name),
            ChangeReading.Bytes(found.Changes, segments[0].Name));
    }

    private static async Task<(int Written, int Kept)> RollAsync(ArchiveScenario scenario, bool verify = false)
    {
        var report = await WalCatalogRoll.RollCatalogsAsync(
            scenario.Cluster, scenario.Cluster.FirstLineage, Token, verify);
        Assert.Empty(report.Skipped);
        return (report.Written, report.Kept);
    }

    private static ValueTask<ChangedBlocksAnswer> FindAsync(ArchiveScenario scenario, Lsn from, Lsn to) =>
        ChangedBlocks.FindAsync(
            new ChangedBlocksRequest
            {
                Cluster = scenario.Cluster,
                Lineage = scenario.Cluster.FirstLineage,
                Timeline = Timeline.First,
                FromTimeline = Timeline.First,
                From = from,
                To = to,
            },
            Token);

    private static async Task DamageAsync(IObjectStore store, WalCatalogObject catalog)
    {
        var bytes = new byte[catalog.Size];
        await store.ReadAsync(catalog.Name, 0, bytes, Token);
        bytes[bytes.Length / 2] ^= 0x10;
        await store.PutAsync(catalog.Name, bytes, PutCondition.Overwrite, Token);
    }

    /// <summary>Segments with few records each, some of them over the edge.</summary>
    private static IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> Small(
        int firstSegment, int segments)
    {
        var wal = new WalBuilder(firstSegment: (ulong)firstSegment);
        for (var number = 0; number < segments; number++)
        {
            wal.Insert(ChangeRecords.Relation((uint)(number % 7)), (uint)number * 3, clearsMap: number % 2 == 0);
            if (number % 5 == 0 && number + 1 < segments)
            {
                wal.Message((1 << 20) - 200 - (int)(wal.Position.Value % (1 << 20)));
                wal.Truncate(ChangeRecords.Relation((uint)(number % 7)), (uint)number, forks: 3);
            }
            else
            {
                wal.Switch();
            }
        }

        return wal.Segments;
    }
}
