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
    private readonly SortedList<ushort, BlockChunk> _chunks = [];
    private int _lastNumber = -1;
    private BlockChunk? _last;

    /// <summary>How many blocks are in the set.</summary>
    public long Count => _chunks.Values.Sum(chunk => (long)chunk.Count);

    public bool Contains(uint block) =>
        _chunks.TryGetValue((ushort)(block >> 16), out var chunk) && chunk.Contains((ushort)block);

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
        for (var index = _chunks.Count - 1; index >= 0 && _chunks.GetKeyAtIndex(index) >= first >> 16; index--)
        {
            var chunk = _chunks.GetValueAtIndex(index);
            if (_chunks.GetKeyAtIndex(index) == first >> 16)
            {
                chunk.RemoveFrom((ushort)first);
            }

            if (chunk.Count == 0 || _chunks.GetKeyAtIndex(index) > first >> 16)
            {
                _chunks.RemoveAt(index);
                _last = null;
            }
        }
    }

    public void UnionWith(BlockSet other)
    {
        foreach (var (number, chunk) in other._chunks)
        {
            if (_chunks.TryGetValue(number, out var own))
            {
                own.UnionWith(chunk);
            }
            else
            {
                _chunks.Add(number, chunk.Copy());
            }
        }
    }

    /// <summary>The set as ranges, ascending, with at least one block between two of them.</summary>
    public IEnumerable<BlockRange> Ranges()
    {
        BlockRange? open = null;
        foreach (var (number, chunk) in _chunks)
        {
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

        if (!_chunks.TryGetValue(number, out var chunk))
        {
            _chunks.Add(number, chunk = new BlockChunk());
        }

        (_lastNumber, _last) = (number, chunk);
        return chunk;
    }
}
