using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>Which pages of a file are read, in the pages and extents of maps, whatever the server's block size is.</summary>
internal sealed class ListedPages
{
    private readonly long _size;
    private readonly int _blockSize;
    private readonly ulong[] _extents;

    /// <param name="size">Bytes of the file now.</param>
    /// <param name="blockSize">Of the server, bytes.</param>
    internal ListedPages(long size, int blockSize)
    {
        _size = size;
        _blockSize = blockSize;
        _extents = new ulong[(size + PageTags.ExtentSize - 1) / PageTags.ExtentSize];
    }

    /// <summary>All from here on, the page that this offset lies in included.</summary>
    internal void AddBehind(long offset) => Add(offset, _size);

    /// <summary>Blocks of the fork, as far as they are in this file.</summary>
    /// <param name="firstBlock">The first block of the file.</param>
    internal void Add(BlockSet blocks, uint firstBlock)
    {
        foreach (var range in blocks.RangesWithin(new BlockRange(firstBlock, (uint)(_size / _blockSize))))
        {
            var from = (range.First - firstBlock) * (long)_blockSize;
            Add(from, from + (range.Count * (long)_blockSize));
        }
    }

    /// <summary>The units, by their numbers, of which something is read; ascending.</summary>
    internal List<long> Units()
    {
        const int extents = CopyUnit.Size / PageTags.ExtentSize;
        var units = new List<long>();
        for (var at = 0; at < _extents.Length; at++)
        {
            if (_extents[at] != 0 && (units.Count == 0 || units[^1] != at / extents))
            {
                units.Add(at / extents);
            }
        }

        return units;
    }

    /// <summary>Number, bytes and pages of each extent of a unit of which something is read.</summary>
    internal IEnumerable<(int Number, int Length, ulong Pages)> ExtentsOf(long unit)
    {
        const int extents = CopyUnit.Size / PageTags.ExtentSize;
        for (var at = (int)unit * extents; at < Math.Min((unit + 1) * extents, _extents.Length); at++)
        {
            if (_extents[at] != 0)
            {
                yield return (
                    at, (int)Math.Min(PageTags.ExtentSize, _size - ((long)at * PageTags.ExtentSize)), _extents[at]);
            }
        }
    }

    private void Add(long from, long to)
    {
        for (var page = from / PageTags.PageSize; page * PageTags.PageSize < to; page++)
        {
            _extents[page / PageTags.ExtentPages] |= 1UL << (int)(page % PageTags.ExtentPages);
        }
    }
}
