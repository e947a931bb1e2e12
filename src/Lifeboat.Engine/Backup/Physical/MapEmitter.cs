using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Puts what the workers finish, in any order, into the map in its order. A result waits until those before it are there
/// and the frames it refers to are closed.
/// </summary>
internal sealed class MapEmitter(MapRunWriter map) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<long, CopyResult> _waiting = [];
    private long _next;
    private long _fileLength;
    private uint _fileCrc;
    private int _extentOfResult;

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
            var path = result.Unit.Entry.PathBytes;
            for (; _extentOfResult < result.Extents.Length; _extentOfResult++)
            {
                var extent = result.Extents[_extentOfResult];
                if (extent.Base is { IsClosed: false })
                {
                    return;
                }

                await map.AddAsync(new MapEntry(path, extent, Facts: null, IsGone: false), cancellationToken);
            }

            _extentOfResult = 0;
            _waiting.Remove(_next);
            Interlocked.Increment(ref _next);
            await EndAsync(result, path, cancellationToken);
        }
    }

    private async ValueTask EndAsync(CopyResult result, byte[] path, CancellationToken cancellationToken)
    {
        _fileCrc = Crc32C.Combine(_fileCrc, result.Crc, result.Length);
        _fileLength += result.Length;
        if (!result.Unit.IsLast)
        {
            return;
        }

        if (!result.IsGone)
        {
            var facts = result.Unit.Entry.FactsWith(_fileLength, _fileCrc);
            await map.AddAsync(new MapEntry(path, Extent: null, facts, IsGone: false), cancellationToken);
            TotalBytes += _fileLength;
            Files += facts.Kind == MapFileKind.Regular ? 1 : 0;
        }

        _fileCrc = 0;
        _fileLength = 0;
    }
}
