using System.Globalization;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// The format at scale: <c>eng/simulate scale</c> runs this with larger numbers and prints what it measured; the ordinary run
/// takes a small cluster and asserts the bounds that must hold at any size.
/// </summary>
public sealed class ScaleSimulation(ITestOutputHelper output)
{
    private static readonly int Extents = Given("LIFEBOAT_SIMULATE_EXTENTS", 4_000);
    private static readonly int Backups = Given("LIFEBOAT_SIMULATE_BACKUPS", 60);
    private static readonly int Pages = Given("LIFEBOAT_SIMULATE_PAGES", 400);
    private static readonly int Latency = Given("LIFEBOAT_SIMULATE_LATENCY", 0);

    /// <summary>Where the store is; in memory when it is not given.</summary>
    private static readonly string? Folder = Environment.GetEnvironmentVariable("LIFEBOAT_SIMULATE_FOLDER");

    [Fact]
    public async Task Metadata_of_a_series_follows_what_changes_and_stays_in_few_runs()
    {
        IObjectStore inner = new MemoryObjectStore(TimeProvider.System);
        if (Folder is not null)
        {
            inner = LocalObjectStore.Create(PosixFileSystem.Instance, Folder);
        }

        var store = new MeteredStore(inner);
        var built = await RepositoryBuilder.CreateAsync(store: store);
        using var cluster = new SyntheticCluster(built, Extents, seed: 1);
        var peak = 0L;
        await cluster.FullAsync();
        var full = store.Use;
        output.WriteLine($"full: {Extents:N0} extents ({Extents / 4096.0:F1} GiB), metadata {full.BytesWritten:N0} bytes");
        var greatest = default(StoreUse);
        var runs = 0;
        for (var backup = 1; backup <= Backups; backup++)
        {
            var before = store.Use;
            await cluster.IncrementalAsync(Pages);
            var used = store.Use - before;
            greatest = used.BytesWritten > greatest.BytesWritten ? used : greatest;
            runs = Math.Max(runs, cluster.Last.MapRuns.Length);
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
        }

        var all = store.Use - full;
        output.WriteLine(
            $"{Backups} incrementals of {cluster.ChangedPages / Backups:N0} pages in {cluster.ChangedExtents / Backups:N0} extents: "
            + $"stored again {(double)(cluster.StoredPages - (32L * Extents)) / cluster.ChangedPages:F2} pages for each; "
            + $"metadata written {all.BytesWritten / Backups:N0} bytes each ({(double)all.BytesWritten / cluster.ChangedPages:F0} a page), "
            + $"at most {greatest.BytesWritten:N0}; read {all.BytesRead / Backups:N0}; requests {all.Requests / (double)Backups:F0}; "
            + $"map runs at most {runs}; managed memory at most {peak >> 20} MiB");
        Assert.InRange(runs, 1, 1 + RunCounter.MostRuns(Backups));

        var start = store.Use;
        var (read, bytes, frames) = await cluster.PlanRestoreAsync();
        var plan = store.Use - start;
        output.WriteLine(
            $"plan of a restore: {plan.Requests} requests, {plan.BytesRead:N0} bytes of metadata; {frames:N0} frames of "
            + $"{read:N0} bytes for a backup of {bytes:N0}: {(double)read / bytes:F2}");

        // The peak of a test process holds the store too when that is in memory.
        Assert.True(Folder is null || peak < 500L << 20, $"{peak} bytes of memory");
        await ListAsync(store, cluster.Cluster);
        await LookAsync(store, cluster.Cluster, cluster.Last);
    }

    private async Task ListAsync(MeteredStore store, Cluster cluster)
    {
        store.Latency = TimeSpan.FromMilliseconds(Latency);
        var (before, began) = (store.Use, TimeProvider.System.GetTimestamp());
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, default);
        var used = store.Use - before;
        output.WriteLine(
            $"list: {backups.Count} backups, {used.Requests} requests, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F2} s "
            + $"at {Latency} ms a request");
        store.Latency = TimeSpan.Zero;
        Assert.Empty(damage);
        Assert.Equal(Backups + 1, backups.Count);
        Assert.InRange(used.Requests, Backups, (3 * Backups) + 20);
    }

    private async Task LookAsync(MeteredStore store, Cluster cluster, BackupManifest last)
    {
        var before = store.Use;
        using var lookup = await MapLookup.OpenAsync(cluster, last.MapRuns, default);
        var opened = store.Use - before;
        Assert.NotNull(await lookup.FindAsync("base/16384/1000001"u8.ToArray(), 3, default));
        var looked = store.Use - before - opened;
        using var index = await IndexRuns.OpenAsync(cluster, new BlockCache(BlockCache.Usual), default);
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
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : usual;
}
