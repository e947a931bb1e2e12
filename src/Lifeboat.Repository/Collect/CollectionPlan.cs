using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>What one collection does, and why the rest waits. Each run takes each list one step further.</summary>
/// <param name="Condemn">What nothing kept can reach: published now, deleted by a later run.</param>
/// <param name="Clear">Lists whose older leases have all ended.</param>
/// <param name="Sweep">What is deleted now.</param>
/// <param name="Forget">Lists that are done and old enough to be removed.</param>
/// <param name="MergeIndex">Whether the index is written anew as one run.</param>
/// <param name="Waits">In words.</param>
/// <param name="Doubts">What could not be read, in words. With any, nothing is condemned or deleted.</param>
public sealed record CollectionPlan(
    IReadOnlyList<CondemnedObject> Condemn,
    IReadOnlyList<Id128> Clear,
    IReadOnlyList<CollectionSweep> Sweep,
    IReadOnlyList<Id128> Forget,
    bool MergeIndex,
    IReadOnlyList<string> Waits,
    IReadOnlyList<string> Doubts)
{
    public long CondemnedBytes => Condemn.Sum(item => item.Bytes);

    public long SweptBytes => Sweep.SelectMany(list => list.Delete).Sum(item => item.Bytes);

    /// <summary>What is there and of no use, but has to wait still, bytes.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>Objects of leases whose holders died long ago.</summary>
    internal IReadOnlyList<ObjectName> DeadLeases { get; init; } = [];
}

/// <summary>What goes of one list.</summary>
/// <param name="Delete">In the order of deletion.</param>
/// <param name="Spare">Names that became needed again, or may have.</param>
public sealed record CollectionSweep(Id128 Id, IReadOnlyList<CondemnedObject> Delete, IReadOnlyList<string> Spare);
