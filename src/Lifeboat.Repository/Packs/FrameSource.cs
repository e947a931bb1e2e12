using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// Reads frames out of packs, keeping the keys of the packs it met last. Used by one thread at a time; each worker of a
/// restore has one of its own.
/// </summary>
public sealed class FrameSource(Cluster cluster) : IDisposable
{
    private const int MostOpen = 32;

    private readonly AheadStore _store = new(cluster.Store);
    private readonly Compressor _compressor = new(level: 1);
    private readonly Dictionary<Id128, SealedObject> _open = [];
    private readonly Queue<Id128> _order = [];

    /// <summary>What came already is not read again until it is dropped.</summary>
    internal AheadStore Ahead => _store;

    /// <summary>Reads a whole frame; returns the bytes of its plaintext, which is what its slots sum up to.</summary>
    /// <exception cref="DamagedObjectException">The pack is missing or damaged at this frame.</exception>
    public async ValueTask<int> ReadAsync(
        FrameLocation location, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var pack = await OpenAsync(location.Pack, cancellationToken);
        var frame = location.Frame;
        var length = await pack.ReadFrameAsync(frame.Number, frame.Offset, frame.Length, plain, cancellationToken);
        return length == frame.PlainLength
            ? length
            : throw new DamagedObjectException(
                pack.Name, DamageKind.Inconsistent, $"frame {frame.Number} is not as long as its slots");
    }

    /// <summary>
    /// All frames of a pack in their order, to be read one by one; where the store is distant, those that follow are asked for
    /// meanwhile.
    /// </summary>
    internal async IAsyncEnumerable<FrameLocation> AllOfAsync(
        PackRecord pack, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var all = pack.Frames.Select(frame => new FrameLocation(pack.Id, frame));
        if (!_store.Capabilities.Distant)
        {
            foreach (var frame in all)
            {
                yield return frame;
            }

            yield break;
        }

        var parts = all.Chunk(Math.Max(1, FramesAhead.MostBytes / ContainerLimits.BodyPlaintext)).ToList();
        var ahead = new Queue<ExpectedFrames>();
        try
        {
            foreach (var part in parts.Take(2))
            {
                ahead.Enqueue(Begin(part));
            }

            for (var at = 0; at < parts.Count; at++)
            {
                foreach (var frame in parts[at])
                {
                    yield return frame;
                }

                await ahead.Dequeue().DisposeAsync();
                if (at + 2 < parts.Count)
                {
                    ahead.Enqueue(Begin(parts[at + 2]));
                }
            }
        }
        finally
        {
            while (ahead.TryDequeue(out var left))
            {
                await left.DisposeAsync();
            }
        }

        ExpectedFrames Begin(FrameLocation[] part) =>
            _store.Hold(FramesAhead.Begin(cluster, part, cancellationToken));
    }

    public void Dispose()
    {
        foreach (var pack in _open.Values)
        {
            pack.Dispose();
        }

        _compressor.Dispose();
    }

    private async ValueTask<SealedObject> OpenAsync(Id128 id, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(id, out var open))
        {
            return open;
        }

        open = await SealedObject.OpenAsync(
            _store,
            ObjectNames.Pack(cluster.Name, id),
            ContainerKind.Pack,
            cluster.DataKey,
            _compressor,
            cancellationToken);
        if (_order.Count == MostOpen && _open.Remove(_order.Dequeue(), out var oldest))
        {
            oldest.Dispose();
        }

        _open[id] = open;
        _order.Enqueue(id);
        return open;
    }
}
