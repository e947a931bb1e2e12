namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>A stretch of blocks without a gap.</summary>
/// <param name="First">Block number within the fork, from 0.</param>
/// <param name="Count">How many, at least 1.</param>
public readonly record struct BlockRange(uint First, uint Count);

/// <summary>
/// A set of block numbers of one relation fork, in chunks of 65,536 blocks. Not shared between threads while it is
/// changed.
/// </summary>
public sealed class BlockSet
{
    // Parallel and ascending by number; most forks have one chunk.
    private readonly List<ushort> _numbers = [];
    private readonly List<BlockChunk> _chunks = [];
    private int _lastNumber = -1;
    private BlockChunk? _last;

    /// <summary>How many blocks are in the set.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (var chunk in _chunks)
            {
                count += chunk.Count;
            }

            return count;
        }
    }

    public bool Contains(uint block) =>
        IndexOf((ushort)(block >> 16)) is var index and >= 0 && _chunks[index].Contains((ushort)block);

    public void Add(uint block) => ChunkOf((ushort)(block >> 16)).Add((ushort)block);

    /// <exception cref="ArgumentOutOfRangeException">The range ends behind the last block number.</exception>
    public void AddRange(BlockRange range)
    {
        var end = (ulong)range.First + range.Count;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, 1UL << 32, nameof(range));
        for (ulong at = range.First; at < end;)
        {
            var next = Math.Min(end, ((at >> 16) + 1) << 16);
            ChunkOf((ushort)(at >> 16)).AddRange((ushort)at, (int)(next - at));
            at = next;
        }
    }

    /// <summary>Takes out this block and all behind it.</summary>
    public void RemoveFrom(uint first)
    {
        for (var index = _chunks.Count - 1; index >= 0 && _numbers[index] >= first >> 16; index--)
        {
            if (_numbers[index] == first >> 16)
            {
                _chunks[index].RemoveFrom((ushort)first);
            }

            if (_chunks[index].Count == 0 || _numbers[index] > first >> 16)
            {
                _chunks.RemoveAt(index);
                _numbers.RemoveAt(index);
                _last = null;
            }
        }
    }

    public void UnionWith(BlockSet other)
    {
        for (var index = 0; index < other._chunks.Count; index++)
        {
            var own = IndexOf(other._numbers[index]);
            if (own >= 0)
            {
                _chunks[own].UnionWith(other._chunks[index]);
            }
            else
            {
                Insert(~own, other._numbers[index], other._chunks[index].Copy());
            }
        }
    }

    /// <summary>The set as ranges, ascending, with at least one block between two of them.</summary>
    public IEnumerable<BlockRange> Ranges() => Ranges(0);

    /// <summary>The part of the set within a stretch of blocks, as <see cref="Ranges()"/> gives the whole.</summary>
    public IEnumerable<BlockRange> RangesWithin(BlockRange stretch)
    {
        var end = (ulong)stretch.First + stretch.Count;
        foreach (var range in Ranges(stretch.First >> 16))
        {
            var first = Math.Max(range.First, stretch.First);
            var behind = Math.Min((ulong)range.First + range.Count, end);
            if (range.First >= end)
            {
                yield break;
            }

            if (first < behind)
            {
                yield return new BlockRange(first, (uint)(behind - first));
            }
        }
    }

    /// <summary>From the chunk of this number on.</summary>
    private IEnumerable<BlockRange> Ranges(uint firstChunk)
    {
        BlockRange? open = null;
        var from = firstChunk == 0 ? 0 : IndexOf((ushort)firstChunk);
        for (var index = from < 0 ? ~from : from; index < _chunks.Count; index++)
        {
            var (number, chunk) = (_numbers[index], _chunks[index]);
            for (var at = chunk.Next(0, present: true); at < BlockChunk.Blocks;)
            {
                var end = chunk.Next(at, present: false);
                var range = new BlockRange(((uint)number << 16) + (uint)at, (uint)(end - at));
                if (open is { } before && (ulong)before.First + before.Count == range.First)
                {
                    range = before with { Count = before.Count + range.Count };
                }
                else if (open is { } ended)
                {
                    yield return ended;
                }

                open = range;
                at = chunk.Next(end, present: true);
            }
        }

        if (open is { } last)
        {
            yield return last;
        }
    }

    private BlockChunk ChunkOf(ushort number)
    {
        if (_lastNumber == number && _last is { } last)
        {
            return last;
        }

        var index = IndexOf(number);
        if (index < 0)
        {
            index = ~index;
            Insert(index, number, new BlockChunk());
        }

        (_lastNumber, _last) = (number, _chunks[index]);
        return _chunks[index];
    }

    private void Insert(int index, ushort number, BlockChunk chunk)
    {
        _numbers.Insert(index, number);
        _chunks.Insert(index, chunk);
    }

    /// <summary>The place of the chunk; when there is none, the complement of where it belongs.</summary>
    private int IndexOf(ushort number)
    {
        var (low, high) = (0, _numbers.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_numbers[middle] == number)
            {
                return middle;
            }

            (low, high) = _numbers[middle] < number ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
