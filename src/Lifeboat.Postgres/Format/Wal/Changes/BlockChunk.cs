using System.Numerics;

namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>
/// Which of 65,536 consecutive blocks are in a set: a sorted array while they are few, a bitmap of 8 KiB from then on.
/// </summary>
internal sealed class BlockChunk
{
    internal const int Blocks = 1 << 16;
    internal const int BitmapBytes = Blocks / 8;

    /// <summary>Above, an array would soon be larger than the bitmap, and inserting into it slower.</summary>
    private const int MostInArray = 1024;

    private const int WordBits = 64;
    private const int Words = Blocks / WordBits;

    private ushort[] _array = new ushort[4];
    private ulong[]? _bitmap;

    internal int Count { get; private set; }

    internal bool Contains(ushort block) => _bitmap is { } bitmap
        ? (bitmap[block / WordBits] & (1UL << (block % WordBits))) != 0
        : _array.AsSpan(0, Count).BinarySearch(block) >= 0;

    internal void Add(ushort block)
    {
        if (_bitmap is { } bitmap)
        {
            ref var word = ref bitmap[block / WordBits];
            var bit = 1UL << (block % WordBits);
            Count += (word & bit) == 0 ? 1 : 0;
            word |= bit;
            return;
        }

        // Appending is what most workloads do.
        var at = Count > 0 && _array[Count - 1] < block ? ~Count : _array.AsSpan(0, Count).BinarySearch(block);
        if (at >= 0)
        {
            return;
        }

        if (Count == MostInArray)
        {
            ToBitmap();
            Add(block);
            return;
        }

        if (Count == _array.Length)
        {
            Array.Resize(ref _array, 2 * Count);
        }

        _array.AsSpan(~at, Count - ~at).CopyTo(_array.AsSpan(~at + 1));
        _array[~at] = block;
        Count++;
    }

    internal void AddRange(int first, int count)
    {
        if (_bitmap is null && Count + count > MostInArray)
        {
            ToBitmap();
        }

        for (var block = first; block < first + count; block++)
        {
            Add((ushort)block);
        }
    }

    /// <summary>Takes out this block and all behind it.</summary>
    internal void RemoveFrom(ushort first)
    {
        if (_bitmap is not { } bitmap)
        {
            var at = _array.AsSpan(0, Count).BinarySearch(first);
            Count = at >= 0 ? at : ~at;
            return;
        }

        bitmap[first / WordBits] &= (1UL << (first % WordBits)) - 1;
        bitmap.AsSpan((first / WordBits) + 1).Clear();
        Count = 0;
        foreach (var word in bitmap)
        {
            Count += BitOperations.PopCount(word);
        }
    }

    internal void UnionWith(BlockChunk other)
    {
        if (other._bitmap is not { } theirs)
        {
            foreach (var block in other._array.AsSpan(0, other.Count))
            {
                Add(block);
            }

            return;
        }

        if (_bitmap is null)
        {
            ToBitmap();
        }

        Count = 0;
        for (var word = 0; word < Words; word++)
        {
            _bitmap![word] |= theirs[word];
            Count += BitOperations.PopCount(_bitmap[word]);
        }
    }

    internal BlockChunk Copy() => new()
    {
        _array = [.. _array],
        _bitmap = _bitmap is { } bitmap ? [.. bitmap] : null,
        Count = Count,
    };

    /// <summary>The first block at or behind this one; <see cref="Blocks"/> when there is none.</summary>
    internal int Next(int from, bool present)
    {
        if (_bitmap is { } bitmap)
        {
            return NextBit(bitmap, from, present);
        }

        if (from >= Blocks)
        {
            return Blocks;
        }

        var at = _array.AsSpan(0, Count).BinarySearch((ushort)from);
        if (present)
        {
            at = at >= 0 ? at : ~at;
            return at < Count ? _array[at] : Blocks;
        }

        while (at >= 0 && at < Count && _array[at] == from)
        {
            at++;
            from++;
        }

        return from;
    }

    private static int NextBit(ulong[] bitmap, int from, bool present)
    {
        for (var word = from / WordBits; word < Words; word++)
        {
            var bits = present ? bitmap[word] : ~bitmap[word];
            if (word == from / WordBits)
            {
                bits &= ulong.MaxValue << (from % WordBits);
            }

            if (bits != 0)
            {
                return (word * WordBits) + BitOperations.TrailingZeroCount(bits);
            }
        }

        return Blocks;
    }

    private void ToBitmap()
    {
        var bitmap = new ulong[Words];
        foreach (var block in _array.AsSpan(0, Count))
        {
            bitmap[block / WordBits] |= 1UL << (block % WordBits);
        }

        _bitmap = bitmap;
        _array = [];
    }
}
