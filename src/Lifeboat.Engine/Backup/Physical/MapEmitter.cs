using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Puts what the workers finish, in any order, into the map in its order. A result waits until those before it are there
/// and the frames it refers to are closed. Of a file of which nothing differs from the parent's nothing is put.
/// </summary>
/// <param name="add">Appends to the map.</param>
internal sealed class MapEmitter(Func<MapEntry, CancellationToken, ValueTask> add) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<long, CopyResult> _waiting = [];
    private long _next;
    private long _fileLength;
    private uint _fileCrc;
    private int _extentOfResult;
    private bool _fileHasExtents;

    /// <summary>Bytes of all files in the map.</summary>
    internal long TotalBytes { get; private set; }

    /// <summary>Regular files in the map.</summary>
    internal long Files { get; private set; }

    /// <summary>The sequence number that is waited for.</summary>
    internal long Next => Interlocked.Read(ref _next);

    internal async ValueTask AddAsync(CopyResult result, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _waiting.Add(result.Unit.Sequence, result);
            await DrainAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Writes all that is left; every frame must be closed by now.</summary>
    internal async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await DrainAsync(cancellationToken);
            if (_waiting.Count > 0)
            {
                throw new InvalidOperationException($"{_waiting.Count} results were left, {_next} is missing");
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        while (_waiting.TryGetValue(_next, out var result))
        {
            for (; _extentOfResult < result.Extents.Length; _extentOfResult++)
            {
                var extent = result.Extents[_extentOfResult];
                if (!extent.IsSettled)
                {
                    return;
                }

                await add(Entry(result.Unit, extent, facts: null), cancellationToken);
                _fileHasExtents = true;
            }

            _extentOfResult = 0;
            _waiting.Remove(_next);
            Interlocked.Increment(ref _next);
            await EndAsync(result, cancellationToken);
        }
    }

    private async ValueTask EndAsync(CopyResult result, CancellationToken cancellationToken)
    {
        var unit = result.Unit;
        _fileCrc = Crc32C.Combine(_fileCrc, result.Crc, result.Length);
        _fileLength += result.Length;
        if (!unit.IsLast)
        {
            return;
        }

        if (!result.IsGone)
        {
            var facts = unit is { Delta: { IsAnew: false, Compared: null }, Entry.Kind: MapFileKind.Regular }
                ? unit.Entry.FactsFromTags()
                : unit.Entry.FactsWith(_fileLength, _fileCrc);
            if (_fileHasExtents || unit.Delta is not { Parent: { } parent, IsAnew: false } || !facts.IsBesideCrc(parent))
            {
                await add(Entry(unit, extent: null, facts), cancellationToken);
            }

            TotalBytes += facts.Length;
            Files += facts.Kind == MapFileKind.Regular ? 1 : 0;
        }
        else if (unit.Delta?.Parent is not null)
        {
            await add(new MapEntry(unit.Entry.PathBytes, Extent: null, Facts: null, IsGone: true), cancellationToken);
        }

        _fileCrc = 0;
        _fileLength = 0;
        _fileHasExtents = false;
    }

    private static MapEntry Entry(CopyUnit unit, ExtentEntry? extent, FileFacts? facts) =>
        new(unit.Entry.PathBytes, extent, facts, IsGone: false) { Kept = unit.Delta?.Kept };
}
