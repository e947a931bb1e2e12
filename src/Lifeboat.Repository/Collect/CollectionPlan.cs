using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>What one collection does, and why the rest waits. Each run takes each list one step further.</summary>
/// <param name="Condemn">What nothing kept can reach: published now, deleted by a later run. Manifests in front.</param>
/// <param name="Clear">Lists whose older leases have all ended.</param>
/// <param name="Sweep">What is deleted now.</param>
/// <param name="Forget">Lists that are done and old enough to be removed.</param>
/// <param name="Waits">Lists of which nothing is done now.</param>
/// <param name="Expired">Backups that have expired and wait, and until when by this machine's clock.</param>
/// <param name="Doubts">What could not be read, in words. With any, nothing is condemned or deleted.</param>
public sealed record CollectionPlan(
    IReadOnlyList<CondemnedObject> Condemn,
    IReadOnlyList<CollectionStep> Clear,
    IReadOnlyList<CollectionSweep> Sweep,
    IReadOnlyList<Id128> Forget,
    IReadOnlyList<CollectionStep> Waits,
    IReadOnlyList<(string Backup, DateTimeOffset Until)> Expired,
    IReadOnlyList<string> Doubts)
{
    public long CondemnedBytes => Condemn.Sum(item => item.Bytes);

    public long SweptBytes => Sweep.SelectMany(list => list.Delete).Sum(item => item.Bytes);

    /// <summary>Of published lists that are not swept now, bytes.</summary>
    public long WaitingBytes => Clear.Concat(Waits).Sum(list => list.Bytes);

    /// <summary>When the next of what waits can go on, by this machine's clock; null when nothing waits for time.</summary>
    public DateTimeOffset? NextAt => Waits.Select(step => step.At).Concat(Expired.Select(item => (DateTimeOffset?)item.Until))
        .Where(at => at is not null).Min();

    /// <summary>Packs of which little is needed: that is written anew now, and they can go when it has been there for a while.</summary>
    public IReadOnlyList<SparsePack> Repack { get; init; } = [];

    /// <summary>What the store takes for now.</summary>
    internal DateTimeOffset StoreTime { get; init; }

    /// <summary>Whether the index is written anew, without packs that are gone.</summary>
    internal bool CompactsIndex { get; init; }

    /// <summary>Objects of leases whose holders died long ago, and parts of lists that are forgotten.</summary>
    internal IReadOnlyList<ObjectName> Remains { get; init; } = [];
}

/// <summary>A list that is published, and its next step.</summary>
/// <param name="Bytes">Of what it names.</param>
/// <param name="At">When that can be done, by this machine's clock; null when it is not only a matter of time.</param>
/// <param name="Why">What it waits for, in words.</param>
public sealed record CollectionStep(Id128 Id, int Objects, long Bytes, DateTimeOffset? At, string Why);

/// <summary>What goes of one list.</summary>
/// <param name="Delete">In the order of deletion.</param>
/// <param name="Spare">Names that became needed again, or may have.</param>
public sealed record CollectionSweep(Id128 Id, IReadOnlyList<CondemnedObject> Delete, IReadOnlyList<string> Spare)
{
    /// <summary>What would go, and is locked: the list stays open for it.</summary>
    public IReadOnlyList<CondemnedObject> Locked { get; init; } = [];

    /// <summary>What is found for the first time, or otherwise than before: to be recorded, as long as something is locked.</summary>
    internal bool IsDecision { get; init; }

    /// <summary>Names that were to go, and are needed again: their locks have not been extended since.</summary>
    internal IReadOnlyList<string> Back { get; init; } = [];

    /// <summary>When the first of the locks ends; null when nothing is locked.</summary>
    public DateTimeOffset? LockedUntil { get; init; }
}
