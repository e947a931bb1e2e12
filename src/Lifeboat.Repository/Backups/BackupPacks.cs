using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Locks;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Backups;

/// <summary>
/// What the packs of a running backup add to the index. A long backup lists them as it goes: memory stays bounded, and one
/// that is interrupted has less to find again. Shared by all its workers.
/// </summary>
public sealed class BackupPacks
{
    /// <summary>Slots that wait for their index run: 128 GiB of extents, some 40 MB of memory.</summary>
    private const int MostSlots = 1 << 19;

    private readonly Cluster _cluster;
    private readonly int _mostSlots;
    private readonly Lock _lock = new();
    private List<PackRecord> _pending = [];
    private long _slots;
    private long _storedBytes;
    private int _relieving;
    private Id128? _last;

    public BackupPacks(Cluster cluster)
        : this(cluster, MostSlots)
    {
    }

    internal BackupPacks(Cluster cluster, int mostSlots) => (_cluster, _mostSlots) = (cluster, mostSlots);

    /// <summary>Bytes of all packs that this backup made durable.</summary>
    public long StoredBytes
    {
        get
        {
            lock (_lock)
            {
                return _storedBytes;
            }
        }
    }

    public void Add(PackRecord pack)
    {
        lock (_lock)
        {
            _storedBytes += pack.Size;
            Expect(pack);
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

        await _cluster.Store.SettleAsync(ObjectNames.Packs(_cluster.Name), cancellationToken);
        if (_cluster.Store.Locks is not null)
        {
            // Where a store forgets the lock of an upload in parts, it may have died before it set the lock itself.
            await LockRenewal.RestoreAsync(
                _cluster, unlisted.Select(pack => ObjectNames.Pack(_cluster.Name, pack.Id)), cancellationToken);
        }

        lock (_lock)
        {
            foreach (var pack in unlisted)
            {
                Expect(pack);
            }
        }
    }

    /// <summary>Writes an index run when so many packs wait for one that memory asks for it; one caller at a time does.</summary>
    public async ValueTask RelieveAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Read(ref _slots) <= _mostSlots || Interlocked.Exchange(ref _relieving, 1) != 0)
        {
            return;
        }

        try
        {
            await WriteAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _relieving, 0);
        }
    }

    /// <summary>
    /// Writes the rest of the index when all workers have ended; the last run that this backup wrote, null when no pack was
    /// added.
    /// </summary>
    public async ValueTask<Id128?> WriteIndexAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(cancellationToken);
        return _last;
    }

    private async ValueTask WriteAsync(CancellationToken cancellationToken)
    {
        List<PackRecord> packs;
        lock (_lock)
        {
            (packs, _pending) = (_pending, []);
            Interlocked.Exchange(ref _slots, 0);
        }

        _last = await IndexUpdate.WriteAsync(_cluster, packs, cancellationToken) ?? _last;
    }

    private void Expect(PackRecord pack)
    {
        _pending.Add(pack);
        Interlocked.Add(ref _slots, pack.Frames.Sum(frame => frame.Slots.Length));
    }
}
