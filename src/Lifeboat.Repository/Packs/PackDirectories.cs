using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// The directories of the packs that were asked for last. Several who ask for one pack at once read it once. May be used by
/// several at the same time.
/// </summary>
internal sealed class PackDirectories(Cluster cluster)
{
    /// <summary>One takes some 10 to 40 KiB.</summary>
    private const int Most = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<Id128, Task<PackRecord?>> _packs = [];
    private readonly Queue<Id128> _order = [];

    /// <summary>What a pack says of itself; null when it is not there or its directory is damaged.</summary>
    internal Task<PackRecord?> FindAsync(Id128 pack, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_packs.TryGetValue(pack, out var known) && !known.IsFaulted && !known.IsCanceled)
            {
                return known;
            }

            if (!_packs.ContainsKey(pack))
            {
                if (_order.Count == Most)
                {
                    _packs.Remove(_order.Dequeue());
                }

                _order.Enqueue(pack);
            }

            return _packs[pack] = ReadAsync(pack, cancellationToken);
        }
    }

    /// <summary>The frame if it is still where it was put; null when its pack is gone, damaged, or holds another there.</summary>
    internal async ValueTask<PackedFrame?> FindAsync(FramePlace place, Id128 frame, CancellationToken cancellationToken) =>
        await FindAsync(place.Pack, cancellationToken) is { } pack && place.Number < pack.Frames.Length
        && pack.Frames[place.Number].Id == frame
            ? pack.Frames[place.Number]
            : null;

    private async Task<PackRecord?> ReadAsync(Id128 pack, CancellationToken cancellationToken)
    {
        try
        {
            return await PackDirectory.ReadAsync(cluster, pack, size: null, cancellationToken);
        }
        catch (DamagedObjectException)
        {
            // The index may know more; whoever finds nothing there either says what lacks.
            return null;
        }
    }
}
