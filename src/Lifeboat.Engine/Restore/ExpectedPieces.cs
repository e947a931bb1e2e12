using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// One worker's pieces of a window. Where the store is distant, what they are stored in is asked for while those before them
/// are written. Used by one thread at a time.
/// </summary>
internal sealed class ExpectedPieces(
    ExtentReader reader, WindowWork work, IObjectStore store, CancellationToken cancellationToken) : IAsyncDisposable
{
    /// <summary>
    /// Bytes of content that are asked for together. With those ahead, a worker holds four times this at most, when nothing of
    /// it could be compressed.
    /// </summary>
    private const int Together = 4 << 20;

    private const int Ahead = 3;

    private readonly bool _isDistant = store.Capabilities.Distant;
    private readonly WindowWork.Share _share = new();
    private readonly Queue<(List<(RestoredFile File, ExtentEntry Extent)> Pieces, ExpectedFrames? Expected)> _queue = [];
    private ExpectedFrames? _current;

    /// <summary>The next ones; none when all of the window are handed out. Those before are done with.</summary>
    internal async ValueTask<List<(RestoredFile File, ExtentEntry Extent)>> NextAsync()
    {
        if (!_isDistant)
        {
            return work.Take(_share, least: 0);
        }

        await EndCurrentAsync();
        while (_queue.Count <= Ahead && work.Take(_share, Together) is { Count: > 0 } pieces)
        {
            // What is compared with a file that is there is read where it differs, and only then.
            var expected = pieces.Where(piece => !piece.File.IsCompared).Select(piece => piece.Extent).ToList();
            _queue.Enqueue((pieces, expected.Count == 0 ? null : reader.Expect(expected, cancellationToken)));
        }

        if (!_queue.TryDequeue(out var next))
        {
            return [];
        }

        _current = next.Expected;
        return next.Pieces;
    }

    public async ValueTask DisposeAsync()
    {
        await EndCurrentAsync();
        while (_queue.TryDequeue(out var next))
        {
            _current = next.Expected;
            await EndCurrentAsync();
        }
    }

    private async ValueTask EndCurrentAsync()
    {
        if (_current is { } current)
        {
            _current = null;
            await current.DisposeAsync();
        }
    }
}
