using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Locks;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Backups;

/// <summary>What the packs of a running backup add to the index. Shared by all its workers.</summary>
public sealed class BackupPacks(Cluster cluster)
{
    private readonly Lock _lock = new();
    private readonly List<PackRecord> _packs = [];
    private readonly List<PackRecord> _adopted = [];

    /// <summary>Bytes of all packs that this backup made durable.</summary>
    public long StoredBytes
    {
        get
        {
            lock (_lock)
            {
                return _packs.Sum(pack => pack.Size);
            }
        }
    }

    public void Add(PackRecord pack)
    {
        lock (_lock)
        {
            _packs.Add(pack);
        }
    }

    /// <summary>
    /// Lists packs that no index run lists: those of a backup that was interrupted. It may have died between making the
    /// last of them visible and durable, so that is made good before anything refers to them.
    /// </summary>
    public async ValueTask AdoptAsync(IReadOnlyCollection<PackRecord> unlisted, CancellationToken cancellationToken)
    {
        if (unlisted.Count == 0)
        {
            return;
        }

        await cluster.Store.SettleAsync(ObjectNames.Packs(cluster.Name), cancellationToken);
        if (cluster.Store.Locks is not null)
        {
            // Where a store forgets the lock of an upload in parts, it may have died before it set the lock itself.
            await LockRenewal.RestoreAsync(
                cluster, unlisted.Select(pack => ObjectNames.Pack(cluster.Name, pack.Id)), cancellationToken);
        }

        lock (_lock)
        {
            _adopted.AddRange(unlisted);
        }
    }

    /// <summary>Writes the index run; null when no pack was added.</summary>
    public ValueTask<Id128?> WriteIndexAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return IndexUpdate.WriteAsync(cluster, [.. _packs, .. _adopted], cancellationToken);
        }
    }
}
