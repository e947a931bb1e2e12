using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>Pages of an extent that are read and stored, without the rest.</summary>
/// <param name="Number">The extent's place in its file.</param>
/// <param name="Length">Bytes of the extent.</param>
/// <param name="Plan">Which pages.</param>
internal readonly record struct ListedExtent(int Number, int Length, OverlayPlan Plan);

/// <summary>What an incremental backup knows of the file that a unit belongs to.</summary>
internal sealed record UnitDelta
{
    /// <summary>What the parent says of the file; null when it has none of this path.</summary>
    internal FileFacts? Parent { get; init; }

    /// <summary>The file is the parent's and is not there any more.</summary>
    internal bool IsGone { get; init; }

    /// <summary>Nothing that the parent says of the file's content counts.</summary>
    internal bool IsAnew { get; init; }

    /// <summary>
    /// The parent's extents at the places of this unit's, null where it has none: only what differs is stored.
    /// </summary>
    internal ExtentEntry?[]? Compared { get; init; }

    /// <summary>All that is read of this unit.</summary>
    internal ListedExtent[]? Listed { get; init; }

    /// <summary>Extents of the parent's map that remain (<see cref="MapEntry.Kept"/>).</summary>
    internal int? Kept => IsAnew && Parent is not null ? 0 : null;
}
