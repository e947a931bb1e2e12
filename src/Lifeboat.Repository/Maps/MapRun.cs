using System.Buffers;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// An open map run: where its blocks begin, and the few that were read last. A look into it reads one block, at most two.
/// Used by one caller at a time.
/// </summary>
internal sealed class MapRun : IDisposable
{
    private const int BlocksHeld = 4;

    private readonly ContainerReader _reader;
    private readonly Compressor _compressor;
    private readonly BlockStart[] _starts;
    private readonly List<(int Number, List<MapEntry> Entries)> _held = [];

    private MapRun(Id128 id, ContainerReader reader, Compressor compressor)
    {
        Id = id;
        _reader = reader;
        _compressor = compressor;
        (Weight, _starts) = ReadAnnex(reader);
    }

    internal Id128 Id { get; }

    /// <summary>Bytes of the object.</summary>
    internal long Size => _reader.Size;

    /// <summary>Backups whose changes are in it (format, section 6).</summary>
    internal int Weight { get; }

    internal int Blocks => _starts.Length;

    /// <summary>Blocks read from the store so far.</summary>
    internal long BlocksRead { get; private set; }

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<MapRun> OpenAsync(Cluster cluster, Id128 run, CancellationToken cancellationToken)
    {
        var compressor = new Compressor(level: 1);
        ContainerReader? reader = null;
        try
        {
            reader = await ContainerReader.OpenAsync(
                cluster.Store,
                ObjectNames.MapRun(cluster.Name, run),
                ContainerKind.MapRun,
                cluster.DataKey,
                compressor,
                size: null,
                cancellationToken);
            return new MapRun(run, reader, compressor);
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
    }

    /// <summary>The most overlays that an extent of this block has.</summary>
    internal int MostOverlays(int block) => _starts[block].Overlays;

    /// <summary>Whether a block holds extents of one file alone, which goes on behind it: no facts, and nothing gone.</summary>
    internal bool IsWithinFile(int block) =>
        block + 1 < _starts.Length && _starts[block].Path.AsSpan().SequenceEqual(_starts[block + 1].Path);

    /// <summary>The block in which a key stands if it is in the run; 0 when the key is before all.</summary>
    internal int BlockOf(ReadOnlySpan<byte> path, int number)
    {
        var (from, to) = (0, _starts.Length);
        while (to - from > 1)
        {
            var middle = (from + to) / 2;
            (from, to) = Compare(_starts[middle], path, number) <= 0 ? (middle, to) : (from, middle);
        }

        return from;
    }

    /// <summary>The first entry at or behind a key; null when there is none.</summary>
    internal async ValueTask<MapEntry?> FindAtOrBehindAsync(byte[] path, int number, CancellationToken cancellationToken)
    {
        for (var block = BlockOf(path, number); block < Blocks; block++)
        {
            var entries = await ReadBlockAsync(block, cancellationToken);
            var at = FirstAtOrBehind(entries, path, number);
            if (at < entries.Count)
            {
                return entries[at];
            }
        }

        return null;
    }

    internal static int FirstAtOrBehind(List<MapEntry> entries, ReadOnlySpan<byte> path, int number)
    {
        var (from, to) = (0, entries.Count);
        while (from < to)
        {
            var middle = (from + to) / 2;
            var byPath = entries[middle].PathBytes.AsSpan().SequenceCompareTo(path);
            var isBefore = byPath != 0 ? byPath < 0 : entries[middle].Number < number;
            (from, to) = isBefore ? (middle + 1, to) : (from, middle);
        }

        return from;
    }

    /// <exception cref="DamagedObjectException">Damaged, or not in order.</exception>
    internal async ValueTask<List<MapEntry>> ReadBlockAsync(int number, CancellationToken cancellationToken)
    {
        var held = _held.FindIndex(block => block.Number == number);
        if (held >= 0)
        {
            var found = _held[held];
            _held.RemoveAt(held);
            _held.Add(found);
            return found.Entries;
        }

        var entries = await ReadBlockAsync(
            number, plain => _reader.ReadFrameAsync(number, plain, cancellationToken));
        if (_held.Count == BlocksHeld)
        {
            _held.RemoveAt(0);
        }

        _held.Add((number, entries));
        return entries;
    }

    /// <summary>For reading blocks one after the other; the caller's to dispose of.</summary>
    internal FrameReadAhead ReadAhead(IEnumerable<int> blocks) => new(_reader, blocks);

    /// <summary>As <see cref="ReadBlockAsync(int, CancellationToken)"/>, of the block that is read next.</summary>
    internal ValueTask<List<MapEntry>> ReadBlockAsync(
        int number, FrameReadAhead ahead, CancellationToken cancellationToken) =>
        ReadBlockAsync(number, plain => ahead.ReadAsync(plain, cancellationToken));

    /// <summary>The frames that the block lists which is read next.</summary>
    internal async ValueTask<Id128[]> ReadFramesAsync(FrameReadAhead ahead, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ContainerLimits.BodyPlaintext);
        try
        {
            var length = await ahead.ReadAsync(buffer.AsMemory(0, ContainerLimits.BodyPlaintext), cancellationToken);
            return MapBlockReader.DecodeFrameIds(buffer.AsSpan(0, length));
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(_reader.Name, exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<List<MapEntry>> ReadBlockAsync(int number, Func<Memory<byte>, ValueTask<int>> read)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ContainerLimits.BodyPlaintext);
        try
        {
            var length = await read(buffer.AsMemory(0, ContainerLimits.BodyPlaintext));
            var entries = Decode(number, buffer.AsSpan(0, length));
            BlocksRead++;
            return entries;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private List<MapEntry> Decode(int number, ReadOnlySpan<byte> block)
    {
        List<MapEntry> entries;
        try
        {
            entries = MapBlockReader.Decode(block);
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(_reader.Name, exception);
        }

        if (entries.Count == 0 || Compare(_starts[number], entries[0].PathBytes, entries[0].Number) != 0)
        {
            throw Inconsistent($"block {number} does not begin as the directory says");
        }

        for (var at = 1; at < entries.Count; at++)
        {
            if (MapEntry.Compare(entries[at - 1], entries[at]) >= 0)
            {
                throw Inconsistent($"its entries are not in order in block {number}");
            }
        }

        var last = entries[^1];
        return number + 1 == Blocks || Compare(_starts[number + 1], last.PathBytes, last.Number) > 0
            ? entries
            : throw Inconsistent($"its entries are not in order behind block {number}");
    }

    private DamagedObjectException Inconsistent(string detail) => new(_reader.Name, DamageKind.Inconsistent, detail);

    private static int Compare(BlockStart start, ReadOnlySpan<byte> path, int number)
    {
        var byPath = start.Path.AsSpan().SequenceCompareTo(path);
        return byPath != 0 ? byPath : start.Number.CompareTo(number);
    }

    private static (int Weight, BlockStart[] Starts) ReadAnnex(ContainerReader reader)
    {
        try
        {
            var source = new ByteSource(reader.Annex);
            if (source.Varint() != PageTags.ExtentPages || source.Varint() != PageTags.PageSize)
            {
                throw new DecodingException("its extents have another size than this version reads");
            }

            var weight = source.VarintUpTo(int.MaxValue, "a run's weight");
            var starts = new BlockStart[reader.Frames];
            byte[] previous = [];
            for (var at = 0; at < starts.Length; at++)
            {
                // The blocks of one file share their path, since millions of them would fill memory.
                var path = source.Bytes(source.VarintUpTo(MapEntry.LongestPath, "a path's length"));
                previous = path.SequenceEqual(previous) ? previous : path.ToArray();
                starts[at] = new BlockStart(
                    previous,
                    source.VarintUpTo(int.MaxValue, "an extent's number"),
                    source.VarintUpTo(int.MaxValue, "a number of overlays"));
            }

            source.MustBeAtEnd();
            return (weight, starts);
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }

    private readonly record struct BlockStart(byte[] Path, int Number, int Overlays);
}
