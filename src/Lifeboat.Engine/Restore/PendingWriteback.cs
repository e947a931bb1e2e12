using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Collects what one worker wrote to one file in a row and has the disk begin with it in long runs: each start costs the
/// kernel an allocation of its own, and short ones leave a file in pieces. Used by one thread at a time.
/// </summary>
internal sealed class PendingWriteback
{
    // Large beside one extent, small beside what the kernel would otherwise let gather.
    private const long RunBytes = 8 << 20;

    private IFile? _file;
    private long _from;
    private long _to;

    internal void Add(IFile file, long offset, long length)
    {
        if (!ReferenceEquals(file, _file) || offset != _to)
        {
            Start();
            (_file, _from) = (file, offset);
        }

        _to = offset + length;
        if (_to - _from >= RunBytes)
        {
            Start();
            _from = _to;
        }
    }

    /// <summary>What is left of a finished file is its sync's business; of one that goes on, it is begun here.</summary>
    private void Start()
    {
        if (_to > _from)
        {
            _file?.StartWriteback(_from, _to - _from);
        }
    }
}
