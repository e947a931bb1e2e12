using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// One file being copied by one or several workers: opened by the first, closed by the last, so that a file that is
/// unlinked meanwhile can still be read whole.
/// </summary>
internal sealed class OpenSource(Func<IFile> open, int units)
{
    private readonly Lock _lock = new();
    private int _left = units;
    private IFile? _file;
    private bool _gone;

    /// <summary>Content that was read already and must be stored just so.</summary>
    internal static OpenSource Of(byte[] content) => new(() => new FileInMemory(content), units: 1);

    /// <summary>The open file; null when it vanished before anybody opened it.</summary>
    internal IFile? Open()
    {
        lock (_lock)
        {
            if (_file is null && !_gone)
            {
                try
                {
                    _file = open();
                }
                catch (FileSystemException missing) when (missing.IsMissing)
                {
                    _gone = true;
                }
            }

            return _file;
        }
    }

    internal void Release()
    {
        lock (_lock)
        {
            if (--_left == 0)
            {
                _file?.Dispose();
                _file = null;
            }
        }
    }
}
