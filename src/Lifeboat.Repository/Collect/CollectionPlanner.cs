using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Leases;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>Marks, and decides for each list how far it may go.</summary>
internal sealed class CollectionPlanner(
    Cluster cluster,
    CollectionClock clock,
    CondemnedLists lists,
    IReadOnlyList<SeenLease> leases,
    CollectionChecks checks)
{
    private readonly List<string> _waits = [];

    internal async ValueTask<CollectionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var objects = await ClusterObjects.ListAsync(cluster, cancellationToken);
        var backups = new BackupCandidates(cluster, objects, clock, leases);
        await backups.RunAsync(cancellationToken);
        var mark = new CollectionMark(cluster, objects);
        await mark.RunAsync(backups.Roots, cancellationToken);
        var wal = new WalCandidates(cluster, objects, clock, backups);
        await wal.RunAsync(cancellationToken);
        var candidates = Unreachable(objects, mark)
            .Concat(backups.Found.Values).Concat(wal.Found.Values)
            .ToDictionary(item => item.Name, StringComparer.Ordinal);
        List<string> doubts =
        [
            .. backups.Doubts, .. mark.Doubts, .. wal.Doubts, .. lists.Damage.Select(item => $"{item.Name}: {item.Detail}"),
        ];
        var certain = doubts.Count == 0;
        var known = lists.Names;
        var condemn = certain ? candidates.Values.Where(item => !known.Contains(item.Name)).ToList() : [];
        var open = lists.Lists.Where(list => list.Swept is null).ToList();
        var clear = open.Where(list => list.Cleared is null && MayClear(list)).ToList();
        var sweep = certain ? open.Where(MaySweep).Select(list => Sweep(list, candidates)).ToList() : [];
        return new CollectionPlan(
            [.. condemn.OrderBy(item => item.Name, StringComparer.Ordinal)],
            [.. clear.Select(list => list.Id)],
            sweep,
            [.. lists.Lists.Where(IsDone).Select(list => list.Id)],
            certain && mark.IndexRuns.Count(run => !known.Contains($"index/{run.Id}")) > CollectionMargins.MostIndexRuns,
            _waits,
            doubts)
        {
            WaitingBytes = open.Where(list => !sweep.Exists(one => one.Id == list.Id))
                .SelectMany(list => list.Record.Objects).Sum(item => item.Bytes),
            DeadLeases = DeadLeases(),
        };
    }

    /// <summary>Maps, packs and index runs that no backup needs, nor anybody who may be writing one.</summary>
    private IEnumerable<CondemnedObject> Unreachable(ClusterObjects objects, CollectionMark mark)
    {
        var going = new HashSet<Repository.Encoding.Id128>();
        foreach (var (map, facts) in objects.Maps.Where(pair => !mark.NeededMaps.Contains(pair.Key)))
        {
            if (IsOrphan(facts))
            {
                yield return new CondemnedObject(objects.RelativeName(facts.Name), facts.Size, "no backup has this map");
            }
        }

        foreach (var (pack, facts) in objects.Packs)
        {
            if (mark.Packs.ContainsKey(pack) && !mark.NeededPacks.Contains(pack) && IsOrphan(facts))
            {
                going.Add(pack);
                yield return new CondemnedObject(
                    objects.RelativeName(facts.Name), facts.Size, "no backup needs anything in it");
            }
        }

        // Newest first: a run stays when it lists a pack that stays and that no newer run lists.
        var listed = new HashSet<Repository.Encoding.Id128>();
        foreach (var (id, packs) in mark.IndexRuns)
        {
            var adds = packs.Any(
                pack => objects.Packs.ContainsKey(pack.Id) && !going.Contains(pack.Id) && !listed.Contains(pack.Id));
            if (!adds && IsOrphan(objects.Index[id]))
            {
                var facts = objects.Index[id];
                yield return new CondemnedObject(
                    objects.RelativeName(facts.Name), facts.Size, "all that it lists is gone or listed elsewhere");
            }
            else
            {
                listed.UnionWith(packs.Select(pack => pack.Id));
            }
        }
    }

    /// <summary>Old, and older than every lease that lives: who holds it cannot have written it.</summary>
    private bool IsOrphan(ObjectFacts facts) => clock.IsOlder(facts.LastModified, CollectionMargins.Orphans)
        && leases.Where(clock.Lives).All(lease => facts.LastModified < lease.Began - CollectionMargins.Settle);

    private bool MayClear(CondemnedList list)
    {
        if (!clock.IsOlder(list.Put, list.Record.At, CollectionMargins.Settle))
        {
            _waits.Add($"list {list.Id} was just published: {CollectionMargins.Settle.TotalMinutes:0} minutes must pass");
            return false;
        }

        return LeasesHaveEnded(list);
    }

    private bool MaySweep(CondemnedList list)
    {
        if (list.Cleared is null)
        {
            return false;
        }

        if (!clock.IsOlder(list.ClearedAt, list.Cleared.At, CollectionMargins.Settle))
        {
            _waits.Add($"list {list.Id} was just cleared: {CollectionMargins.Settle.TotalMinutes:0} minutes must pass");
            return false;
        }

        return LeasesHaveEnded(list);
    }

    /// <summary>Of all who may have begun before they could see the list.</summary>
    private bool LeasesHaveEnded(CondemnedList list)
    {
        var older = leases.Where(
            lease => clock.Lives(lease) && lease.Began <= list.Put + CollectionMargins.Settle).ToList();
        if (older.Count > 0)
        {
            _waits.Add($"list {list.Id} waits for {older.Count} older lease{(older.Count == 1 ? "" : "s")}, the first of "
                + $"{older.Min(lease => lease.Began).UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        }

        return older.Count == 0;
    }

    /// <summary>What is a candidate still goes, manifests first; what is none any more has become needed.</summary>
    private CollectionSweep Sweep(CondemnedList list, Dictionary<string, CondemnedObject> candidates)
    {
        var delete = checks.MarkAgain
            ? list.Record.Objects.Where(item => candidates.ContainsKey(item.Name)).ToList()
            : [.. list.Record.Objects];
        return new CollectionSweep(
            list.Id,
            [.. delete.OrderBy(item => item.Name.EndsWith("/manifest", StringComparison.Ordinal) ? 0 : 1)
                .ThenBy(item => item.Name, StringComparer.Ordinal)],
            [.. list.Record.Objects.Except(delete).Select(item => item.Name)]);
    }

    private bool IsDone(CondemnedList list) => list.Swept is { } swept
        && clock.IsOlder(list.ClearedAt, swept.At, CollectionMargins.ListKept);

    private IReadOnlyList<ObjectName> DeadLeases() =>
    [
        .. leases.Where(lease => clock.IsOlder(lease.Renewed, CollectionMargins.LeaseTerm * 2))
            .SelectMany(lease => lease.Objects).Select(facts => facts.Name)
            .OrderByDescending(name => name),
    ];
}
