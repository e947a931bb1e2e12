using Lifeboat.Storage;

namespace Lifeboat.Repository.Packs;

/// <summary>A store of which some bytes came already. Used by one thread at a time.</summary>
internal sealed class AheadStore(IObjectStore store) : ForwardingStore(store)
{
    private readonly List<FramesAhead> _held = [];

    internal void Hold(FramesAhead frames) => _held.Add(frames);

    /// <summary>From here on it is asked for as if it had not come; the caller's to dispose of.</summary>
    internal void Drop(FramesAhead frames) => _held.Remove(frames);

    public override async ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        foreach (var frames in _held)
        {
            if (await frames.FindAsync(name, offset, buffer.Length) is { } came)
            {
                came.CopyTo(buffer);
                return came.Length;
            }
        }

        return await Inner.ReadAsync(name, offset, buffer, cancellationToken);
    }
}
