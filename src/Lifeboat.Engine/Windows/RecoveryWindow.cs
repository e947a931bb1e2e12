using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Windows;

/// <summary>Points that can be recovered without a break, along one timeline.</summary>
/// <param name="Timeline">The timeline that a recovery follows; the window may begin on one of its ancestors.</param>
/// <param name="Start">The stop position of the oldest backup in it.</param>
/// <param name="End">Where the archived WAL behind it first breaks.</param>
/// <param name="StartTime">When that oldest backup ended.</param>
/// <param name="EndTime">
/// Of the last commit that is known in it; of its newest backup's end when no commit is known. Null when not looked up.
/// </param>
/// <param name="Backups">Oldest first; each lies in the window with all the WAL that it needs.</param>
/// <param name="LastSegment">The last segment that is archived in it.</param>
public sealed record RecoveryWindow(
    Id128 Lineage,
    Timeline Timeline,
    Lsn Start,
    Lsn End,
    DateTimeOffset StartTime,
    DateTimeOffset? EndTime,
    IReadOnlyList<string> Backups,
    WalSegmentName LastSegment);

/// <summary>WAL that lacks: no recovery goes over it.</summary>
/// <param name="Timeline">The timeline along which it lacks.</param>
/// <param name="First">Name of the first segment that is missing.</param>
/// <param name="Last">Name of the last one; the same when it is only one.</param>
/// <param name="Count">How many are missing.</param>
/// <param name="Before">The last segment that is archived before the gap; null when none is, and a backup needs it.</param>
/// <param name="After">The first segment that is archived behind it; null when none is, and a backup needs it.</param>
public sealed record WalGap(
    Id128 Lineage, Timeline Timeline, string First, string Last, ulong Count, string? Before, string? After);

/// <summary>Several contents under one name: none of them counts as archived.</summary>
public sealed record WalConflict(Id128 Lineage, string File, IReadOnlyList<Id128> Tags);
