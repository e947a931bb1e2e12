using Lifeboat.Engine.Retention;
using Lifeboat.Engine.Windows;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Retention;
using Lifeboat.Testing.Simulation;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>The operations that are measured, as the program's commands carry them out.</summary>
internal sealed class ScaleOperations(RepositoryBuilder built, VirtualClock clock)
{
    /// <summary>As a restore cuts them (<c>RestoreWindows</c>).</summary>
    private const int WindowExtents = 16384;

    private const int WindowFiles = 250;

    /// <summary>Condemn, clear, sweep.</summary>
    private const int Steps = 3;

    private static readonly RetentionPolicy Policy = new()
    {
        Rules = [.. "hourly=48,daily=7,weekly=4,monthly=12,yearly=7".Split(',').Select(rule => KeepRule.Parse(rule).Rule!)],
        Window = TimeSpan.FromDays(7),
    };

    private readonly Collection _collection = new(built.Cluster, repackBelow: 0);

    /// <summary>What <c>lifeboat list</c> reads.</summary>
    internal async Task<(int Backups, int Windows)> ListAsync()
    {
        var listing = await BackupListing.LoadAsync(built.Cluster, withNotes: true, default);
        Assert.Empty(listing.Damage);
        var windows = await ClusterWindows.LoadAsync(built.Cluster, listing, default);
        Assert.Empty(windows.Faults);
        return (listing.Backups.Count, windows.Windows.Count);
    }

    /// <summary>What <c>lifeboat prune --apply</c> does, without the minutes between the steps of the collection.</summary>
    internal (int Removed, int Kept, long Deleted) Prune(ScaleMeter meter, Action<string, ScaleUse> used)
    {
        var prune = new PruneRun(built.Cluster, Policy, clock);
        var ((facts, plan), planned) = meter.Run("", () => prune.PlanAsync(default).AsTask());
        used("plan", planned);
        Assert.Empty(facts.Doubts);
        used("expire", meter.Run("", () => prune.ApplyAsync(facts, plan, default).AsTask()));
        var deleted = 0L;
        for (var step = 1; step <= Steps; step++)
        {
            used("collect", meter.Run("", async () =>
            {
                var collected = await _collection.PlanAsync(default);
                Assert.Empty(collected.Doubts);
                await _collection.ApplyAsync(collected, default);
                deleted += collected.Sweep.Sum(list => list.Delete.Count);
            }));
            clock.Advance(TimeSpan.FromMinutes(16));
        }

        return (plan.Remove.Count, plan.Keep.Count, deleted);
    }

    /// <summary>What a restore reads before the first byte of content: the map, and where its frames are.</summary>
    /// <returns>Bytes of the frames that it reads window by window, and of the backup.</returns>
    internal async Task<(long Read, long Bytes, long Frames)> PlanRestoreAsync(BackupManifest backup)
    {
        using var index = FrameIndex.ForReading(built.Cluster);
        var window = new Dictionary<Lifeboat.Repository.Encoding.Id128, FrameReference>();
        var (read, bytes, frames) = (0L, 0L, 0L);
        var (extents, files) = (0, 0);
        await foreach (var entry in BackupMap.ReadAsync(built.Cluster, backup.MapRuns, default))
        {
            if (entry.Extent is { } extent)
            {
                bytes += extent.Length;
                foreach (var frame in extent.Frames)
                {
                    window.TryAdd(frame.Id, frame);
                }

                extents++;
            }
            else
            {
                files++;
            }

            if (extents >= WindowExtents || files >= WindowFiles)
            {
                await EndWindowAsync();
            }
        }

        await EndWindowAsync();
        return (read, bytes, frames);

        async Task EndWindowAsync()
        {
            foreach (var frame in window.Values.OrderBy(frame => frame.Place?.Pack).ThenBy(frame => frame.Place?.Number))
            {
                var place = await index.FindAsync(frame, default) ?? throw new InvalidOperationException("a frame is lost");
                read += place.Frame.PlainLength;
            }

            frames += window.Count;
            window.Clear();
            (extents, files) = (0, 0);
        }
    }

    internal async Task<int> CheckAsync()
    {
        var report = await RepositoryCheck.RunAsync(built.Repository, new CheckOptions(), progress: null, default);
        Assert.DoesNotContain(report.Findings, finding => finding.Severity == FindingSeverity.Damage);
        return report.Backups;
    }
}
