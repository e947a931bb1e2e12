using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Leases;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Gives space back (docs/format/repository-v0.md, <i>Collection</i>). A run looks, makes a plan, and carries it out: condemn,
/// clear, sweep. It may die anywhere, and any number may run at once: the next run goes on from what is stored.
/// </summary>
public sealed class Collection
{
    /// <summary>Objects of one list: it is one frame of 1 MiB at most.</summary>
    private const int MostPerList = 3000;

    private readonly Cluster _cluster;
    private readonly CollectionChecks _checks;

    public Collection(Cluster cluster)
        : this(cluster, new CollectionChecks())
    {
    }

    internal Collection(Cluster cluster, CollectionChecks checks)
    {
        _cluster = cluster;
        _checks = checks;
    }

    /// <summary>Looks and decides; writes nothing but a lease of its own, by which the store tells its time.</summary>
    /// <exception cref="LifeboatException">Errors of the store: a listing that failed is never taken for empty.</exception>
    public async ValueTask<CollectionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        await using var lease = await Lease.TakeAsync(_cluster, LeasePurpose.Collect, cancellationToken);
        var own = _cluster.Time.GetUtcNow();
        var clock = new CollectionClock(_checks.StoreClock ? lease.StoreTime : own, own);
        var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
        var leases = _checks.Leases ? await LeaseList.ReadAsync(_cluster, cancellationToken) : [];
        var plan = await new CollectionPlanner(_cluster, clock, lists, leases, _checks).PlanAsync(cancellationToken);
        await lease.EndAsync(cancellationToken);
        return plan;
    }

    /// <summary>Carries a plan out that was made a moment ago.</summary>
    public async ValueTask ApplyAsync(CollectionPlan plan, CancellationToken cancellationToken)
    {
        foreach (var sweep in plan.Sweep)
        {
            foreach (var item in sweep.Delete)
            {
                await _cluster.Store.DeleteAsync(NameOf(item.Name), cancellationToken);
            }

            await CondemnedLists.PutAsync(
                _cluster,
                new SweptRecord(sweep.Id, Environment.MachineName, _cluster.Time.GetUtcNow(), [.. sweep.Spare]),
                cancellationToken);
        }

        foreach (var id in plan.Clear)
        {
            await CondemnedLists.PutAsync(
                _cluster,
                new ClearedRecord(id, Environment.MachineName, _cluster.Time.GetUtcNow()),
                cancellationToken);
        }

        if (plan.MergeIndex)
        {
            await MergeIndexAsync(cancellationToken);
        }

        foreach (var part in plan.Condemn.Chunk(MostPerList))
        {
            await CondemnedLists.PutAsync(
                _cluster,
                new CondemnedRecord(Id128.NewRandom(), Environment.MachineName, _cluster.Time.GetUtcNow(), part),
                cancellationToken);
        }

        await TidyAsync(plan, cancellationToken);
    }

    /// <summary>
    /// One run that lists every pack that is not condemned; the runs that it makes needless are condemned by the next
    /// collection.
    /// </summary>
    private async ValueTask MergeIndexAsync(CancellationToken cancellationToken)
    {
        var condemned = (await CondemnedLists.LoadAsync(_cluster, cancellationToken)).Names;
        var objects = await ClusterObjects.ListAsync(_cluster, cancellationToken);
        var mark = new CollectionMark(_cluster, objects);
        await mark.RunAsync([], cancellationToken);
        if (mark.Doubts.Count == 0)
        {
            await IndexRun.WriteAsync(
                _cluster,
                [.. mark.Packs.Values.Where(
                    pack => objects.Packs.ContainsKey(pack.Id) && !condemned.Contains($"packs/{pack.Id}"))],
                cancellationToken);
        }
    }

    /// <summary>Lists that are done, and leases whose holders died: the list itself first, a lease's first object last.</summary>
    private async ValueTask TidyAsync(CollectionPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Forget.Count > 0)
        {
            var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
            foreach (var name in lists.Lists.Where(list => plan.Forget.Contains(list.Id)).SelectMany(list => list.Parts))
            {
                await _cluster.Store.DeleteAsync(name, cancellationToken);
            }
        }

        foreach (var name in plan.DeadLeases)
        {
            await _cluster.Store.DeleteAsync(name, cancellationToken);
        }
    }

    private ObjectName NameOf(string relative) => new(ObjectNames.ClusterRoot(_cluster.Name) + relative);
}
