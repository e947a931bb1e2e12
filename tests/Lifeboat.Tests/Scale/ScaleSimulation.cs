using System.Globalization;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Testing.Simulation;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// The format at scale: <c>eng/simulate scale</c> runs this with larger numbers and prints what it measured; the ordinary run
/// takes a small cluster and asserts the bounds that must hold at any size.
/// </summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ScaleSimulation(ITestOutputHelper output)
{
    private static readonly int Extents = Given("EXTENTS", 4_000);
    private static readonly int PerFile = Given("PER_FILE", 40);
    private static readonly int Backups = Given("BACKUPS", 60);
    private static readonly int Pages = Given("PAGES", 400);
    private static readonly int Latency = Given("LATENCY", 50);
    private static readonly int PruneEvery = Given("PRUNE_EVERY", 30);
    private static readonly int Minutes = Given("MINUTES", 240);
    private static readonly int WalPerDay = Given("WAL", 96);
    private static readonly int Relations = Given("RELATIONS", 2_000);
    private static readonly bool Thin = Given("THIN", 0) != 0;
    private static readonly bool Checks = Given("CHECK", 1) != 0;

    [Fact]
    public async Task Metadata_of_a_series_follows_what_changes_and_stays_in_few_runs()
    {
        var clock = new VirtualClock();
        using var inner = new HollowStore(clock);
        var store = new MeteredStore(inner);
        var built = await RepositoryBuilder.CreateAsync(store: store, time: clock, segmentSize: SyntheticWal.SegmentSize);
        inner.Wal = new SyntheticWal(built.Cluster, clock, TimeSpan.FromDays(1) / WalPerDay);
        using var cluster = new SyntheticCluster(built, inner, clock, Extents, PerFile, Thin, seed: 1);
        var meter = new ScaleMeter(store, TimeSpan.FromMilliseconds(Latency), output);
        var operations = new ScaleOperations(built, clock);
        var (map, full) = meter.Run("full", cluster.FullAsync);
        output.WriteLine($"full: {Extents:N0} extents ({Extents / 4096.0:F1} GiB) in {cluster.Files:N0} files; map {map:N0} bytes");

        var before = store.Use;
        var greatest = default(StoreUse);
        var (runs, heap) = (0, 0L);
        var pruned = new ScaleSums();
        for (var backup = 1; backup <= Backups; backup++)
        {
            clock.Advance(TimeSpan.FromMinutes(Minutes));
            var start = store.Use;
            if (backup % 10 == 0 || backup == Backups)
            {
                heap = Math.Max(heap, meter.Run(backup == Backups ? "incremental" : "", () => cluster.IncrementalAsync(Pages)).Heap);
            }
            else
            {
                await cluster.IncrementalAsync(Pages);
            }

            var used = store.Use - start;
            greatest = used.BytesWritten > greatest.BytesWritten ? used : greatest;
            runs = Math.Max(runs, cluster.Last.MapRuns.Length);
            if (PruneEvery > 0 && (backup % PruneEvery == 0 || backup == Backups))
            {
                pruned.Begin();
                var (removed, kept, deleted) = operations.Prune(meter, pruned.Add);
                before += pruned.Last.Store;
                pruned.Tell(output, $"prune behind backup {backup}: {removed} of {removed + kept} go, {deleted} objects deleted");
            }
        }

        var all = store.Use - before;
        output.WriteLine(
            $"{Backups} incrementals of {cluster.ChangedPages / Math.Max(1, Backups):N0} pages in {cluster.ChangedExtents / Math.Max(1, Backups):N0} extents: "
            + $"stored again {(double)(cluster.StoredPages - (32L * Extents)) / Math.Max(1, cluster.ChangedPages):F2} pages for each; "
            + $"metadata written {all.BytesWritten / Math.Max(1, Backups):N0} bytes each ({(double)all.BytesWritten / Math.Max(1, cluster.ChangedPages):F0} a page), "
            + $"at most {greatest.BytesWritten:N0}; read {all.BytesRead / Math.Max(1, Backups):N0}; requests {all.Requests / (double)Math.Max(1, Backups):F0}; "
            + $"map runs at most {runs}; heap at most {heap >> 20} MiB");
        output.WriteLine($"stored: {inner.Objects:N0} objects, {inner.HeldBytes:N0} bytes of metadata and pack directories");
        Assert.InRange(runs, 1, 1 + RunCounter.MostRuns(Backups));

        var ((backups, windows), list) = meter.Run("list", operations.ListAsync);
        var ((read, bytes, frames), plan) = meter.Run("plan of a restore", () => operations.PlanRestoreAsync(cluster.Last));
        output.WriteLine(
            $"list: {backups} backups, {windows} windows; restore: {frames:N0} frames of {read:N0} bytes for a backup of {bytes:N0}: "
            + $"{(double)read / bytes:F2}");
        var check = Checks ? meter.Run("check", operations.CheckAsync).Use : default;
        await NamesAsync(built, meter, clock);
        await LookAsync(store, cluster);
        Assert.InRange((double)read / bytes, 1, 1.5);
        AssertBounds(full, pruned, list, plan, check, heap, all, greatest, backups);
    }

    /// <summary>Bounds without times, so that a busy machine changes nothing.</summary>
    private static void AssertBounds(
        ScaleUse full, ScaleSums pruned, ScaleUse list, ScaleUse plan, ScaleUse check, long heap, StoreUse all, StoreUse greatest, int backups)
    {
        const long Most = 500L << 20;
        Assert.InRange(full.Heap, 0, Most);
        Assert.InRange(heap, 0, Most);
        Assert.InRange(pruned.Heap, 0, Most);
        Assert.InRange(plan.Heap, 0, Most);
        if (Extents > 4_000)
        {
            return;
        }

        // Of a page that changed some 75 bytes are written, the share of all merging included; see docs/PERFORMANCE.md.
        Assert.InRange(all.BytesWritten / (double)Backups / Pages, 1, 120);
        Assert.InRange(greatest.BytesWritten, 1, 16 * all.BytesWritten / Backups);
        Assert.InRange(backups, 2, 61);
        Assert.InRange(list.Store.Requests, backups, (4 * backups) + 900);
        // Virtual time: 50 ms for each request, as many at once as are asked. 255 segments may have no catalog yet.
        Assert.InRange(list.Waiting.TotalSeconds, 0, 4.0);
        Assert.InRange(pruned.Waiting.TotalSeconds, 0, 600);
        Assert.InRange(check.Heap, 0, Most);
    }

    /// <summary>The catalog of names of one backup.</summary>
    private static async Task NamesAsync(RepositoryBuilder built, ScaleMeter meter, VirtualClock clock)
    {
        var manifest = built.Manifest("0/2000028", "0/2000100", new BackupChanges()) with
        {
            Id = BackupId.New(clock.GetUtcNow().AddSeconds(1)),
            Lease = Lifeboat.Repository.Encoding.Id128.NewRandom(),
        };
        var lines = Enumerable.Range(0, Relations).Select(number => new CatalogLine(
            16384, null, (uint)(number + 100_000), "public", $"measurements_of_sensor_{number}", "r", (uint)(number + 1_000_000), 0, "p", 0));
        meter.Run($"names of {Relations:N0} relations", () => BackupCatalog.PutAsync(built.Cluster, manifest, lines, default).AsTask());
        await built.Store.DeleteAsync(BackupCatalog.NameOf(built.Cluster, manifest), default);
    }

    private async Task LookAsync(MeteredStore store, SyntheticCluster cluster)
    {
        var (last, before) = (cluster.Last, store.Use);
        using var lookup = await MapLookup.OpenAsync(cluster.Cluster, last.MapRuns, default);
        var opened = store.Use - before;
        Assert.NotNull(await lookup.FindAsync("base/16384/1000001"u8.ToArray(), Math.Min(3, PerFile - 1), default));
        var looked = store.Use - before - opened;
        using var index = await IndexRuns.OpenAsync(cluster.Cluster, new BlockCache(BlockCache.Usual), default);
        before = store.Use;
        var unknown = 0;
        for (var turn = 0; turn < 1000; turn++)
        {
            var id = Lifeboat.Repository.Encoding.Id128.NewRandom();
            foreach (var run in index.Live)
            {
                unknown += await run.MayHoldAsync(id, default) ? 1 : 0;
            }
        }

        output.WriteLine(
            $"one extent of the map: {opened.BytesRead:N0} bytes to open {last.MapRuns.Length} runs, {looked.BytesRead:N0} to look; "
            + $"index: {index.Live.Count} runs, {index.Live.Sum(run => run.Ids):N0} ids; 1000 new ids: {(store.Use - before).BytesRead:N0} "
            + $"bytes of filters, {unknown} looked for in vain");
        Assert.InRange(looked.Requests, 1, 2 * last.MapRuns.Length);
    }

    private static int Given(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable($"LIFEBOAT_SIMULATE_{name}"), CultureInfo.InvariantCulture, out var given)
            ? given : usual;
}
