using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Locks;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Gives space back (docs/format/repository-v0.md, <i>Collection</i>). A run looks, makes a plan, and carries it out: sweep,
/// clear, repack, condemn. It may die anywhere, and any number may run at once: the next run goes on from what is stored.
/// </summary>
public sealed class Collection
{
    /// <summary>Objects of one list: it is one frame of 1 MiB at most.</summary>
    private const int MostPerList = 3000;

    private const int MostPerDeletion = 1000;

    private readonly Cluster _cluster;
    private readonly CollectionMargins _margins;

    public Collection(Cluster cluster)
        : this(cluster, CollectionMargins.Usual)
    {
    }

    /// <param name="repackBelow">See <see cref="CollectionMargins.RepackBelow"/>.</param>
    public Collection(Cluster cluster, double repackBelow)
        : this(cluster, CollectionMargins.Usual with { RepackBelow = repackBelow })
    {
    }

    /// <param name="margins">Smaller ones are not safe: for tests, which show just that.</param>
    internal Collection(Cluster cluster, CollectionMargins margins)
    {
        _cluster = cluster;
        _margins = margins;
    }

    /// <summary>Looks and decides; writes nothing but a lease of its own, by which the store tells its time.</summary>
    /// <exception cref="LifeboatException">Errors of the store: a listing that failed is never taken for empty.</exception>
    public async ValueTask<CollectionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        await using var lease = await Lease.TakeAsync(_cluster, LeasePurpose.Collect, cancellationToken);
        var clock = new CollectionClock(lease.StoreTime, _cluster.Time.GetUtcNow());
        var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
        var leases = await LeaseList.ReadAsync(_cluster, cancellationToken);
        var plan = await new CollectionPlanner(_cluster, new CollectionTimes(clock, _margins, leases), lists)
            .PlanAsync(cancellationToken);
        await lease.EndAsync(cancellationToken);
        return plan;
    }

    /// <summary>Carries a plan out. However long ago it was made: what it deletes nobody relies on since.</summary>
    public async ValueTask ApplyAsync(CollectionPlan plan, CancellationToken cancellationToken)
    {
        foreach (var sweep in plan.Sweep)
        {
            await SweepAsync(sweep, cancellationToken);
        }

        foreach (var list in plan.Clear)
        {
            await CondemnedLists.PutAsync(
                _cluster,
                new ClearedRecord(list.Id, Environment.MachineName, _cluster.Time.GetUtcNow()),
                cancellationToken);
        }

        if (plan.Repack.Count > 0)
        {
            await Repacking.RunAsync(_cluster, plan.Repack, cancellationToken);
        }

        if (plan.CompactsIndex)
        {
            var objects = await ClusterObjects.ListAsync(_cluster, cancellationToken);
            await IndexUpdate.CompactAsync(_cluster, objects.Packs.ContainsKey, cancellationToken);
        }

        await CondemnAsync(plan, cancellationToken);
        await DeleteAsync(
            plan.Forget.SelectMany(list => CondemnedLists.PartsOf(_cluster, list).Take(1)), cancellationToken);
        await DeleteAsync(
            plan.Forget.SelectMany(list => CondemnedLists.PartsOf(_cluster, list).Skip(1)), cancellationToken);
        foreach (var name in plan.Remains)
        {
            await _cluster.Store.DeleteAsync(name, cancellationToken);
        }

        if (_cluster.Store.Locks is { } locks)
        {
            await locks.ClearAsync(
                ObjectNames.ClusterRoot(_cluster.Name), plan.StoreTime - _margins.LeaseTerm, cancellationToken);
        }
    }

    /// <summary>Manifests first: at every moment what is listed is whole.</summary>
    private async ValueTask SweepAsync(CollectionSweep sweep, CancellationToken cancellationToken)
    {
        await DeleteAsync(sweep.Delete.Where(item => item.IsManifest).Select(item => NameOf(item.Name)), cancellationToken);
        await DeleteAsync(sweep.Delete.Where(item => !item.IsManifest).Select(item => NameOf(item.Name)), cancellationToken);
        if (sweep.Back.Count > 0)
        {
            // Before anybody is told that they are locked like the rest.
            await LockRenewal.RestoreAsync(_cluster, sweep.Back.Select(NameOf), cancellationToken);
        }

        if (sweep.Locked.Count > 0)
        {
            // The list stays open: the rest goes when its locks have ended.
            await DecideAsync(sweep, cancellationToken);
            return;
        }

        await CondemnedLists.PutAsync(
            _cluster,
            new SweptRecord(sweep.Id, Environment.MachineName, _cluster.Time.GetUtcNow(), [.. sweep.Spare]),
            cancellationToken);
    }

    private async ValueTask DecideAsync(CollectionSweep sweep, CancellationToken cancellationToken)
    {
        if (!sweep.IsDecision)
        {
            return;
        }

        await CondemnedLists.PutAsync(
            _cluster,
            new DecidedRecord(sweep.Id, Environment.MachineName, _cluster.Time.GetUtcNow(), [.. sweep.Spare]),
            cancellationToken);
    }

    private async ValueTask CondemnAsync(CollectionPlan plan, CancellationToken cancellationToken)
    {
        var manifests = new List<Id128>();
        foreach (var part in plan.Condemn.Chunk(MostPerList))
        {
            var record = new CondemnedRecord(
                Id128.NewRandom(), Environment.MachineName, _cluster.Time.GetUtcNow(), [.. manifests], part);
            await CondemnedLists.PutAsync(_cluster, record, cancellationToken);
            if (part[0].IsManifest)
            {
                manifests.Add(record.Id);
            }
        }
    }

    private async ValueTask DeleteAsync(IEnumerable<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var part in names.Chunk(MostPerDeletion))
        {
            await _cluster.Store.DeleteManyAsync(part, cancellationToken);
        }
    }

    private ObjectName NameOf(string relative) => new(ObjectNames.ClusterRoot(_cluster.Name) + relative);
}
