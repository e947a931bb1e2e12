using System.Collections.Concurrent;
using System.Globalization;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// What of a sweep is locked, and waits. A lock is asked for only where it may have ended: whatever was put under the
/// repository's terms is locked for as long as they say. A list with a manifest that is locked waits whole, since what a manifest
/// needs does not go before it.
/// </summary>
internal sealed class SweepLocks(Cluster cluster, ClusterObjects objects)
{
    private const int MostAtOnce = 16;

    internal async ValueTask<(IReadOnlyList<CollectionSweep> Sweeps, IReadOnlyList<CollectionStep> Waits)> RestrictAsync(
        IReadOnlyList<(CondemnedList List, CollectionSweep Sweep)> planned, CancellationToken cancellationToken)
    {
        if (cluster.Store.Locks is null)
        {
            return ([.. planned.Select(item => item.Sweep)], []);
        }

        var sweeps = new List<CollectionSweep>();
        var waits = new List<CollectionStep>();
        var unswept = new HashSet<Id128>();
        foreach (var (list, sweep) in planned)
        {
            if (list.Record.After.Any(unswept.Contains))
            {
                unswept.Add(sweep.Id);
                waits.Add(StepOf(sweep.Id, sweep.Delete, null, "what needed it goes first, and is locked"));
                if (sweep.Delete.Count > 0)
                {
                    sweeps.Add(Decided(list, sweep with { Delete = [], Locked = sweep.Delete }));
                }

                continue;
            }

            var restricted = await RestrictAsync(sweep, cancellationToken);
            sweeps.Add(Decided(list, restricted));
            if (restricted.Locked.Count > 0)
            {
                unswept.Add(sweep.Id);
                waits.Add(StepOf(sweep.Id, restricted.Locked, restricted.LockedUntil, string.Create(
                    CultureInfo.InvariantCulture,
                    $"they are locked, the first until {restricted.LockedUntil?.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")));
            }
        }

        return (sweeps, waits);
    }

    private async ValueTask<CollectionSweep> RestrictAsync(CollectionSweep sweep, CancellationToken cancellationToken)
    {
        var ends = new ConcurrentDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            sweep.Delete, RequestsAtOnce.Options(MostAtOnce, cancellationToken), async (item, stopping) =>
            {
                if (await LockedUntilAsync(item.Name, stopping) is { } until)
                {
                    ends[item.Name] = until;
                }
            });
        if (ends.IsEmpty)
        {
            return sweep;
        }

        var waitsWhole = sweep.Delete.Any(item => item.IsManifest && ends.ContainsKey(item.Name));
        var locked = sweep.Delete.Where(item => waitsWhole || ends.ContainsKey(item.Name)).ToList();
        return sweep with
        {
            Delete = [.. sweep.Delete.Except(locked)],
            Locked = locked,
            LockedUntil = ends.Values.Min(),
        };
    }

    /// <summary>
    /// Nobody can come to need what goes, but a tombstone may have been taken back, or a manifest been completed at the last moment
    /// by a writer that died then; and what was spared may be needed no more.
    /// </summary>
    private CollectionSweep Decided(CondemnedList list, CollectionSweep sweep)
    {
        var spared = (list.Decided?.Spared ?? []).ToHashSet(StringComparer.Ordinal);
        var back = list.Decided is null
            ? []
            : sweep.Spare.Where(name => !spared.Contains(name) && objects.Contains(name)).ToList();
        return sweep with
        {
            IsDecision = sweep.Locked.Count > 0
                && (list.Decided is null || back.Count > 0 || sweep.Locked.Any(item => spared.Contains(item.Name))),
            Back = back,
        };
    }

    private async ValueTask<DateTimeOffset?> LockedUntilAsync(string relative, CancellationToken cancellationToken)
    {
        if (objects.DateOf(relative) is not { } put)
        {
            return null;
        }

        var name = new ObjectName(ObjectNames.ClusterRoot(cluster.Name) + relative);
        var locks = cluster.Store.Locks!;
        if (!locks.Covers(name))
        {
            return null;
        }

        var surely = locks.Terms.SurelyUntil(put);
        return surely > cluster.Time.GetUtcNow() ? surely : await locks.LockedUntilAsync(name, cancellationToken);
    }

    private static CollectionStep StepOf(Id128 id, IReadOnlyList<CondemnedObject> items, DateTimeOffset? at, string why) =>
        new(id, items.Count, items.Sum(item => item.Bytes), at, why);
}
