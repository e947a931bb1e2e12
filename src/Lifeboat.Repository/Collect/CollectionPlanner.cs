using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>Marks, and decides for each list how far it may go.</summary>
internal sealed class CollectionPlanner(Cluster cluster, CollectionTimes times, CondemnedLists lists)
{
    internal async ValueTask<CollectionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var steps = new ListSteps(times, lists);
        var objects = await ClusterObjects.ListAsync(cluster, cancellationToken);
        var backups = new BackupCandidates(cluster, objects, times);
        await backups.RunAsync(cancellationToken);
        var condemned = lists.Names;
        var homes = new FrameHomes(
            pack => condemned.Contains(objects.RelativeName(ObjectNames.Pack(cluster.Name, pack))),
            pack => times.Clock.IsOlder(objects.Packs[pack].LastModified, times.Margins.Tombstones));
        var mark = new CollectionMark(cluster, objects, homes);
        await mark.RunAsync(backups.Roots.SelectMany(root => root.MapRuns), times.IsOrphan, cancellationToken);
        var wal = new WalCandidates(cluster, objects, times, backups, steps.Waiting);
        await wal.RunAsync(cancellationToken);
        var candidates = Unreachable(objects, mark)
            .Concat(backups.Found.Values).Concat(wal.Found.Values)
            .DistinctBy(item => item.Name).ToDictionary(item => item.Name, StringComparer.Ordinal);
        List<string> doubts =
        [
            .. objects.Doubts, .. backups.Doubts, .. mark.Doubts, .. wal.Doubts,
            .. lists.Damage.Select(item => $"{item.Name}: {item.Detail}"),
        ];
        var certain = doubts.Count == 0;
        var open = CondemnedLists.NamesOf(lists.Lists.Where(list => list.IsOpen));
        var (sweeps, locked) = await new SweepLocks(cluster, objects).RestrictAsync(
            certain ? [.. steps.Sweep.Select(list => (list, Sweep(list, candidates)))] : [], cancellationToken);
        return new CollectionPlan(
            certain ? InOrder(candidates.Values.Where(item => !open.Contains(item.Name))) : [],
            steps.Clear,
            sweeps,
            [.. lists.Lists.Where(list => IsDone(list, objects)).Select(list => list.Id)],
            certain ? [.. steps.Waits, .. locked] : [.. steps.Waits, .. steps.Sweep.Select(list => ListSteps.Doubtful(list))],
            backups.Waiting,
            doubts)
        {
            Repack = certain ? RepackChoice.Of(homes, objects, times) : [],
            StoreTime = times.Clock.Store,
            CompactsIndex = certain && mark.Index.GonePacks >= times.Margins.MostGonePacks
                && mark.Index.GonePacks > objects.Packs.Count,
            Remains =
            [
                .. DeadLeases(),
                .. lists.Strays.Where(part => times.Clock.IsOlder(part.LastModified, times.Margins.ListKept))
                    .Select(part => part.Name),
            ],
        };
    }

    /// <summary>Maps, packs and index runs that no backup needs, nor anybody who may be writing one.</summary>
    private IEnumerable<CondemnedObject> Unreachable(ClusterObjects objects, CollectionMark mark)
    {
        foreach (var (map, facts) in objects.Maps.Where(pair => !mark.NeededMaps.Contains(pair.Key)))
        {
            if (times.IsOrphan(facts))
            {
                yield return new CondemnedObject(objects.RelativeName(facts.Name), facts.Size, "no backup has this map");
            }
        }

        foreach (var pack in mark.FreePacks.Where(pack => times.IsOrphan(objects.Packs[pack])))
        {
            var facts = objects.Packs[pack];
            yield return new CondemnedObject(
                objects.RelativeName(facts.Name), facts.Size, "no backup needs anything in it");
        }

        foreach (var (run, why) in mark.Index.Needless(times.IsOrphan))
        {
            yield return new CondemnedObject(
                objects.RelativeName(objects.Index[run].Name), objects.Index[run].Size, why);
        }
    }

    /// <summary>What is a candidate still goes, manifests first; what is none any more has become needed.</summary>
    private static CollectionSweep Sweep(CondemnedList list, Dictionary<string, CondemnedObject> candidates)
    {
        var delete = list.Record.Objects.Where(item => candidates.ContainsKey(item.Name)).ToList();
        return new CollectionSweep(
            list.Id, InOrder(delete), [.. list.Record.Objects.Except(delete).Select(item => item.Name)]);
    }

    private static IReadOnlyList<CondemnedObject> InOrder(IEnumerable<CondemnedObject> objects) =>
        [.. objects.OrderBy(item => item.IsManifest ? 0 : 1).ThenBy(item => item.Name, StringComparer.Ordinal)];

    /// <summary>
    /// Nothing that it names is there: until then nothing may come to rely on it. Long ago: whoever slept since finds its
    /// lease lost. And no other list comes after it.
    /// </summary>
    private bool IsDone(CondemnedList list, ClusterObjects objects) => list.Swept is { } swept
        && times.Clock.IsOlder(list.SweptAt, swept.At, times.Margins.ListKept)
        && !list.Names.Any(objects.Contains)
        && !lists.Lists.Any(other => other.IsOpen && other.Record.After.Contains(list.Id));

    /// <summary>The first object last: as long as it is there, it tells when the lease began.</summary>
    private IEnumerable<ObjectName> DeadLeases() => times.Leases.Where(lease => times.Clock.IsOlder(lease.Renewed, times.Margins.LeaseTerm * 2))
            .SelectMany(lease => lease.Objects).Select(facts => facts.Name)
            .OrderByDescending(name => name);
}
