using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>Points that can be recovered without a break, along one timeline.</summary>
/// <param name="Timeline">The timeline that a recovery follows; the window may begin on one of its ancestors.</param>
/// <param name="Start">The stop position of the oldest backup in it.</param>
/// <param name="End">Where the archived WAL behind it first breaks.</param>
/// <param name="StartTime">The earliest time that can be a target; when not looked up, when that oldest backup ended.</param>
/// <param name="EndTime">
/// The latest time that can be a target: that of the last thing that tells a time, which can be later than any commit. Null
/// when not looked up.
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
    WalSegmentName LastSegment)
{
    /// <summary>Of the last commit in it, in the order of the WAL; null when there is none, or it was not looked up.</summary>
    public DateTimeOffset? LastCommitTime { get; init; }

    /// <summary>By position; each can be a target. Empty when not looked up.</summary>
    public IReadOnlyList<RestorePointFacts> RestorePoints { get; init; } = [];

    /// <summary>When the newest backup in it ended; null when not looked up.</summary>
    public DateTimeOffset? NewestBackupTime { get; init; }

    /// <summary>The time of the last commit, and without one that of the newest backup: what may be lost is later.</summary>
    public DateTimeOffset LastKnown => LastCommitTime ?? NewestBackupTime ?? StartTime;
}

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
