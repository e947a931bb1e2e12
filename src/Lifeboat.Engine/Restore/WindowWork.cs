using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Hands out the pieces of one window: together what lies in one frame, in the order of the packs. Each worker gets a file to
/// itself as long as there are enough, since the kernel lets only one at a time write to a file and the others would
/// spin.
/// </summary>
internal sealed class WindowWork
{
    private readonly Lock _lock = new();
    private readonly List<FileWork> _files;

    internal WindowWork(RestoreWindow window) => _files = [.. window.Extents
        .GroupBy(piece => (FrameOf(piece.Extent)?.Id, piece.Extent.IsZero ? piece.File : null))
        .Select(group => (Pieces: group.ToArray(), FrameOf(group.First().Extent)?.Place))
        .OrderBy(group => group.Place?.Pack ?? default)
        .ThenBy(group => group.Place?.Number ?? 0)
        .GroupBy(group => group.Pieces[0].File)
        .Select(file => new FileWork(new(file.Select(group => group.Pieces))))];

    private static FrameReference? FrameOf(ExtentEntry extent) =>
        extent.Base ?? extent.Overlays.FirstOrDefault()?.Frame;

    /// <summary>
    /// The next pieces, of the file that this worker is at as long as there are any; none when all are handed out.
    /// </summary>
    /// <param name="least">
    /// Bytes of content: no more frames are taken than are needed for these. At least one is taken if there is any.
    /// </param>
    internal List<(RestoredFile File, ExtentEntry Extent)> Take(Share share, int least)
    {
        var taken = new List<(RestoredFile File, ExtentEntry Extent)>();
        lock (_lock)
        {
            var bytes = 0;
            while ((taken.Count == 0 || bytes < least) && Next(share) is { } frame)
            {
                taken.AddRange(frame);
                bytes += frame.Sum(piece => piece.Extent.Length);
            }
        }

        return taken;
    }

    private (RestoredFile File, ExtentEntry Extent)[]? Next(Share share)
    {
        if (share.Current is { Pieces.Count: > 0 } current)
        {
            return current.Pieces.Dequeue();
        }

        _files.RemoveAll(file => file.Pieces.Count == 0);
        share.Current = _files.Find(file => file.Workers == 0) ?? _files.MaxBy(file => file.Pieces.Count);
        if (share.Current is not { } next)
        {
            return null;
        }

        next.Workers++;
        return next.Pieces.Dequeue();
    }

    /// <summary>Where one worker is.</summary>
    internal sealed class Share
    {
        internal FileWork? Current { get; set; }
    }

    internal sealed class FileWork(Queue<(RestoredFile File, ExtentEntry Extent)[]> pieces)
    {
        internal Queue<(RestoredFile File, ExtentEntry Extent)[]> Pieces => pieces;

        /// <summary>Workers that began with it.</summary>
        internal int Workers { get; set; }
    }
}
