using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Wal.Changes;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class WalSummaryCheckTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_summary_that_is_not_what_its_segment_says_is_found_by_reading_the_data()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var segments = ChangeReading.RandomWal(21, 100).Segments;
        foreach (var (segment, bytes) in segments)
        {
            await scenario.PushAsync(server, segment.ToString(), bytes);
        }

        Assert.Empty(await CheckAsync(scenario, readData: true));

        // The same segment with the summary of its changes but for one block.
        var (name, content) = segments[1];
        var run = WalRunSummary.Of(name, content);
        var fork = run.Changes.Forks.First(fork => fork.Changes.Blocks.Count > 0).Changes;
        fork.Blocks.RemoveFrom(fork.Blocks.Ranges().Last().First);
        await ReplaceAsync(scenario, name.ToString(), content, WalSummaryCodec.Encode(run));

        Assert.Empty(await CheckAsync(scenario, readData: false));
        var finding = Assert.Single(await CheckAsync(scenario, readData: true));
        Assert.Contains($"{name}-", finding.Object, StringComparison.Ordinal);
        Assert.Equal(FindingSeverity.Damage, finding.Severity);

        // One of a newer format, or none, is made anew when it is wanted, and no damage.
        await ReplaceAsync(scenario, name.ToString(), content, [2, 3, 4]);
        Assert.Empty(await CheckAsync(scenario, readData: true));
    }

    [Fact]
    public async Task A_catalog_that_is_not_what_its_segments_say_is_found_by_reading_the_data()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var wal = new WalBuilder(firstSegment: WalCatalog.Segments);
        for (uint number = 0; number < WalCatalog.Segments; number++)
        {
            wal.Insert(ChangeRecords.Relation(1), number);
            wal.Switch();
        }

        var facts = new List<WalFacts>();
        foreach (var (segment, bytes) in wal.Segments)
        {
            facts.Add((await scenario.PushAsync(server, segment.ToString(), bytes)).Facts);
        }

        var (cluster, lineage) = (scenario.Cluster, scenario.Cluster.FirstLineage);
        await WalCatalogRoll.RollCatalogsAsync(cluster, lineage, Token);
        Assert.Empty(await CheckAsync(scenario, readData: true));

        var catalog = Assert.Single(await WalCatalog.ListAsync(cluster, lineage, Token));
        var (_, run) = await WalCatalog.ReadAsync(cluster, catalog, Token);
        run!.Changes.Forks.Single().Changes.Blocks.RemoveFrom(WalCatalog.Segments - 1);
        await WalCatalog.PutAsync(cluster, lineage, facts, WalSummaryCodec.Encode(run), Token);

        Assert.Empty(await CheckAsync(scenario, readData: false));
        Assert.Equal(FindingSeverity.Damage, Assert.Single(await CheckAsync(scenario, readData: true)).Severity);

        await scenario.DeleteAsync(wal.Segments[3].Name.ToString());
        var findings = await CheckAsync(scenario, readData: false);
        Assert.Equal(
            2, findings.Count(finding => finding is { Severity: FindingSeverity.Warning } && IsCatalog(finding)));
    }

    private static bool IsCatalog(CheckFinding finding) =>
        finding.Object.Contains("/catalogs/", StringComparison.Ordinal);

    private static async Task<IReadOnlyList<CheckFinding>> CheckAsync(ArchiveScenario scenario, bool readData)
    {
        var report = await RepositoryCheck.RunAsync(
            scenario.Cluster.Repository, new CheckOptions { ReadData = readData, Jobs = 2 }, progress: null, Token);
        return [.. report.Findings.Where(finding => finding.Severity > FindingSeverity.Information)];
    }

    private static async Task ReplaceAsync(
        ArchiveScenario scenario, string file, ReadOnlyMemory<byte> content, byte[] blocks)
    {
        var (cluster, lineage) = (scenario.Cluster, scenario.Cluster.FirstLineage);
        var item = Assert.Single(await WalStore.FindAsync(cluster, lineage, file, Token));
        var facts = await WalStore.ReadFactsAsync(cluster, item, Token);
        await scenario.Store.DeleteAsync(item.Name, Token);
        await WalStore.PutAsync(cluster, lineage, content, facts, blocks, 1, Token);
    }
}
