using Lifeboat.Storage;

namespace Lifeboat.Repository.Packs;

/// <summary>A store of which some bytes came already. Used by one thread at a time.</summary>
internal sealed class AheadStore(IObjectStore store) : ForwardingStore(store)
{
    private readonly List<FramesAhead> _held = [];

    /// <summary>Until what is given back is disposed of, these are not asked for again; then it is as if they had not come.</summary>
    internal ExpectedFrames Hold(FramesAhead frames)
    {
        _held.Add(frames);
        return new ExpectedFrames(_held, frames);
    }

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
