using Lifeboat.Platform.Files;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>A file that is being written by one or several workers. Closed by whoever finishes it.</summary>
internal sealed class RestoredFile(string path, FileFacts facts, IFile file, bool isCompared)
{
    /// <summary>One for whoever hands out its extents, and one for each extent that was handed out.</summary>
    private int _left = 1;

    /// <summary>Relative to the data directory.</summary>
    internal string Path => path;

    internal FileFacts Facts => facts;

    internal IFile File => file;

    /// <summary>Whether it has content, of which only pages that differ are written.</summary>
    internal bool IsCompared => isCompared;

    internal void Expect() => Interlocked.Increment(ref _left);

    /// <summary>Whether this was the last piece.</summary>
    internal bool Arrived() => Interlocked.Decrement(ref _left) == 0;
}
