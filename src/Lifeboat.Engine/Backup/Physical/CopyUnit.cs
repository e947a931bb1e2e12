using Lifeboat.Engine.Backup.Physical.Incremental;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>A stretch of a file that one worker reads at once, or an entry without content.</summary>
/// <param name="Sequence">Place in the order of the map.</param>
/// <param name="Offset">Bytes; a multiple of the extent size.</param>
/// <param name="Length">Bytes as the file was when the directory was read.</param>
/// <param name="IsLast">Whether the file ends with it.</param>
/// <param name="Source">Null for directories and links, and for files of which only the facts are told.</param>
/// <param name="FirstBlock">Number in its relation of the page at offset 0 of the file; null: no pages with checksums.</param>
internal sealed record CopyUnit(
    long Sequence, SourceEntry Entry, long Offset, int Length, bool IsLast, OpenSource? Source, uint? FirstBlock)
{
    /// <summary>Bytes of a unit: four extents, one frame.</summary>
    internal const int Size = 1 << 20;

    /// <summary>Null in a full backup.</summary>
    internal UnitDelta? Delta { get; init; }

    internal bool IsWholeFile => IsLast && Offset == 0;
}
