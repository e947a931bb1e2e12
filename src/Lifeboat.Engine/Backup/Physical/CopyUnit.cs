using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// One file being copied by one or several workers: opened by the first, closed by the last, so that a file that is
/// unlinked meanwhile can still be read whole.
/// </summary>
internal sealed class OpenSource(Func<IFile> open, int units)
{
    private readonly Lock _lock = new();
    private int _left = units;
    private IFile? _file;
    private bool _gone;

    /// <summary>Content that was read already and must be stored just so.</summary>
    internal static OpenSource Of(byte[] content) => new(() => new FileInMemory(content), units: 1);

    /// <summary>The open file; null when it vanished before anybody opened it.</summary>
    internal IFile? Open()
    {
        lock (_lock)
        {
            if (_file is null && !_gone)
            {
                try
                {
                    _file = open();
                }
                catch (FileSystemException missing) when (missing.IsMissing)
                {
                    _gone = true;
                }
            }

            return _file;
        }
    }

    internal void Release()
    {
        lock (_lock)
        {
            if (--_left == 0)
            {
                _file?.Dispose();
                _file = null;
            }
        }
    }
}

/// <summary>A stretch of a file that one worker reads at once, or an entry without content.</summary>
/// <param name="Sequence">Place in the order of the map.</param>
/// <param name="Offset">Bytes; a multiple of the extent size.</param>
/// <param name="Length">Bytes as the file was when the directory was read.</param>
/// <param name="IsLast">Whether the file ends with it.</param>
/// <param name="Source">Null for directories and links.</param>
/// <param name="FirstBlock">Number in its relation of the page at offset 0 of the file; null: no pages with checksums.</param>
internal sealed record CopyUnit(
    long Sequence, SourceEntry Entry, long Offset, int Length, bool IsLast, OpenSource? Source, uint? FirstBlock)
{
    /// <summary>Bytes of a unit: four extents, one frame.</summary>
    internal const int Size = 1 << 20;

    internal bool IsWholeFile => IsLast && Offset == 0;

    /// <summary>Cuts all entries into units, in their order.</summary>
    /// <param name="relationSegmentBlocks">Pages of a relation's segment file; 0 when pages have no checksums.</param>
    internal static IEnumerable<CopyUnit> Cut(
        IFileSystem files, string root, IReadOnlyList<SourceEntry> entries, uint relationSegmentBlocks)
    {
        long sequence = 0;
        foreach (var entry in entries)
        {
            if (entry.Kind != Repository.Maps.MapFileKind.Regular)
            {
                yield return new CopyUnit(sequence++, entry, 0, 0, IsLast: true, Source: null, FirstBlock: null);
                continue;
            }

            var size = entry.Status.Size;
            var units = (int)Math.Max(1, (size + Size - 1) / Size);
            var path = PosixPath.Combine(root, entry.Path);
            var source = new OpenSource(() => files.OpenRead(path), units);
            uint? firstBlock = relationSegmentBlocks > 0
                && RelationFilePath.TryParse(entry.Path, out var relation) && !relation.File.IsTemporary
                    ? relation.FirstBlock(relationSegmentBlocks)
                    : null;
            for (var unit = 0; unit < units; unit++)
            {
                var offset = (long)unit * Size;
                yield return new CopyUnit(
                    sequence++,
                    entry,
                    offset,
                    (int)Math.Min(Size, size - offset),
                    IsLast: unit == units - 1,
                    source,
                    firstBlock);
            }
        }
    }
}
