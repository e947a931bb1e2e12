using System.Buffers;
using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Index;

/// <summary>
/// An open index run: its packs and the first id of each block. Blocks and pieces of the filter are read when they are
/// needed. May be used by several at the same time.
/// </summary>
internal sealed class IndexRun : IDisposable
{
    /// <summary>Of blocks of some 64 KiB; two dozen runs may be read side by side when they are put together.</summary>
    private const int MostAhead = 16;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Compressor _compressor;
    private readonly ContainerReader _reader;
    private readonly IndexAnnex _annex;
    private readonly byte[]?[] _filter;
    private readonly BlockCache _cache;

    private IndexRun(Id128 id, ContainerReader reader, Compressor compressor, BlockCache cache)
    {
        Id = id;
        _reader = reader;
        _compressor = compressor;
        _cache = cache;
        _annex = IndexAnnex.Read(reader);
        _filter = new byte[]?[reader.Frames - _annex.FilterStart];
    }

    internal Id128 Id { get; }

    internal DateTimeOffset Created => _reader.Created;

    internal int Weight => _annex.Weight;

    internal IReadOnlyList<Id128> Supersedes => _annex.Supersedes;

    /// <summary>Frames and extents that it lists.</summary>
    internal long Ids => _annex.Frames + _annex.Extents;

    /// <summary>Its packs, ascending by id; entries refer to them by their place.</summary>
    internal List<IndexedPack> Packs { get; } = [];

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<IndexRun> OpenAsync(
        Cluster cluster, Id128 run, long? size, BlockCache cache, CancellationToken cancellationToken)
    {
        var compressor = new Compressor(level: 1);
        ContainerReader? reader = null;
        try
        {
            reader = await ContainerReader.OpenAsync(
                cluster.Store,
                ObjectNames.IndexRun(cluster.Name, run),
                ContainerKind.IndexRun,
                cluster.DataKey,
                compressor,
                size,
                cancellationToken);
            var opened = new IndexRun(run, reader, compressor, cache);
            await opened.ReadPacksAsync(cancellationToken);
            return opened;
        }
        catch
        {
            reader?.Dispose();
            compressor.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _compressor.Dispose();
        _gate.Dispose();
    }

    /// <summary>False when the run does not list the id.</summary>
    internal async ValueTask<bool> MayHoldAsync(Id128 id, CancellationToken cancellationToken)
    {
        if (_annex.FilterBlocks == 0)
        {
            return false;
        }

        var block = IndexFilter.BlockOf(id, _annex.FilterBlocks);
        var piece = block / IndexFilter.BlocksPerFrame;
        var bits = _filter[piece]
            ??= await ReadAsync(_annex.FilterStart + piece, static bytes => bytes.ToArray(), cancellationToken);
        var at = block % IndexFilter.BlocksPerFrame * IndexFilter.BlockSize;
        return at + IndexFilter.BlockSize <= bits.Length
            ? IndexFilter.MayHold(bits.AsSpan(at, IndexFilter.BlockSize), id)
            : throw new DamagedObjectException(_reader.Name, DamageKind.Inconsistent, "its filter is too short");
    }

    /// <summary>The entries of a frame, of each pack that holds it.</summary>
    internal async ValueTask<List<IndexedFrame>> FindFramesAsync(Id128 id, CancellationToken cancellationToken)
    {
        var found = new List<IndexedFrame>();
        for (var block = _annex.FirstFrameBlock(id); block < _annex.FrameStarts.Length; block++)
        {
            var entries = await FrameBlockAsync(block, cancellationToken);
            found.AddRange(entries.Where(entry => entry.Frame.Id == id));
            if (entries[^1].Frame.Id.CompareTo(id) > 0)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>The entries of an extent, of each place that holds it.</summary>
    internal async ValueTask<List<IndexedExtent>> FindExtentsAsync(Id128 id, CancellationToken cancellationToken)
    {
        var found = new List<IndexedExtent>();
        for (var block = _annex.FirstExtentBlock(id); block < _annex.ExtentStarts.Length; block++)
        {
            var entries = await ExtentBlockAsync(block, cancellationToken);
            for (var at = FirstOf(entries, id); at < entries.Length && entries[at].Id == id; at++)
            {
                found.Add(entries[at]);
            }

            if (entries[^1].Id.CompareTo(id) > 0)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>All frames, ascending.</summary>
    internal async IAsyncEnumerable<IndexedFrame> ReadFramesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var ahead = new FrameReadAhead(
            _reader, Enumerable.Range(_annex.PackFrames, _annex.FrameStarts.Length), MostAhead);
        for (var block = 0; block < _annex.FrameStarts.Length; block++)
        {
            foreach (var entry in await ReadAsync(ahead, bytes => FramesOf(bytes, block), cancellationToken))
            {
                yield return entry;
            }
        }
    }

    /// <summary>All extents, ascending.</summary>
    internal async IAsyncEnumerable<IndexedExtent> ReadExtentsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var ahead = new FrameReadAhead(
            _reader,
            Enumerable.Range(_annex.PackFrames + _annex.FrameStarts.Length, _annex.ExtentStarts.Length),
            MostAhead);
        for (var block = 0; block < _annex.ExtentStarts.Length; block++)
        {
            foreach (var entry in await ReadAsync(ahead, bytes => ExtentsOf(bytes, block), cancellationToken))
            {
                yield return entry;
            }
        }
    }

    private ValueTask<IndexedFrame[]> FrameBlockAsync(int block, CancellationToken cancellationToken) =>
        _cache.GetAsync(
            (Id, _annex.PackFrames + block),
            key => ReadAsync(key.Frame, bytes => FramesOf(bytes, block), cancellationToken));

    private ValueTask<IndexedExtent[]> ExtentBlockAsync(int block, CancellationToken cancellationToken) =>
        _cache.GetAsync(
            (Id, _annex.PackFrames + _annex.FrameStarts.Length + block),
            key => ReadAsync(key.Frame, bytes => ExtentsOf(bytes, block), cancellationToken));

    private IndexedFrame[] FramesOf(ReadOnlySpan<byte> bytes, int block) =>
        Checked(IndexLayout.DecodeFrames(bytes, Packs.Count), _annex.FrameStarts, block, static e => e.Frame.Id);

    private IndexedExtent[] ExtentsOf(ReadOnlySpan<byte> bytes, int block) =>
        Checked(IndexLayout.DecodeExtents(bytes, Packs.Count), _annex.ExtentStarts, block, static e => e.Id);

    private static T[] Checked<T>(T[] entries, Id128[] starts, int block, Func<T, Id128> id) =>
        entries.Length > 0 && id(entries[0]) == starts[block]
        && (block + 1 == starts.Length || id(entries[^1]).CompareTo(starts[block + 1]) <= 0)
            ? entries
            : throw new DecodingException($"block {block} is not where its directory says");

    private static int FirstOf(IndexedExtent[] entries, Id128 id)
    {
        var (from, to) = (0, entries.Length);
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = entries[middle].Id.CompareTo(id) < 0 ? (middle + 1, to) : (from, middle);
        }

        return from;
    }

    private async ValueTask ReadPacksAsync(CancellationToken cancellationToken)
    {
        for (var frame = 0; frame < _annex.PackFrames; frame++)
        {
            await ReadAsync(
                frame,
                bytes =>
                {
                    IndexLayout.DecodePacks(bytes, Packs);
                    return true;
                },
                cancellationToken);
        }

        if (Packs.Count != _annex.Packs || Packs.Sum(pack => (long)pack.Frames) != _annex.Frames)
        {
            throw new DamagedObjectException(
                _reader.Name, DamageKind.Inconsistent, "it does not list as many packs and frames as it says");
        }
    }

    private delegate T Decoder<out T>(ReadOnlySpan<byte> bytes);

    private async ValueTask<T> ReadAsync<T>(int frame, Decoder<T> decode, CancellationToken cancellationToken)
    {
        byte[] bytes;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            bytes = await _reader.ReadFrameAsync(frame, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }

        return Decode(bytes, decode);
    }

    private async ValueTask<T> ReadAsync<T>(
        FrameReadAhead ahead, Decoder<T> decode, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ContainerLimits.BodyPlaintext);
        try
        {
            var length = await ahead.ReadAsync(buffer.AsMemory(0, ContainerLimits.BodyPlaintext), cancellationToken);
            return Decode(buffer.AsSpan(0, length), decode);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private T Decode<T>(ReadOnlySpan<byte> bytes, Decoder<T> decode)
    {
        try
        {
            return decode(bytes);
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(_reader.Name, exception);
        }
    }
}
