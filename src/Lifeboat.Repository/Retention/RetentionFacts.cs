using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Retention;

/// <summary>All that a decision rests on, read before it is made.</summary>
/// <param name="Backups">Of all lineages, any order.</param>
/// <param name="Lineages">Every lineage of the cluster, any order.</param>
/// <param name="Doubts">What could not be read, in words. Any one makes that nothing is removed.</param>
/// <param name="Clock">What this machine's clock says.</param>
public sealed record RetentionFacts(
    IReadOnlyList<RetentionBackup> Backups,
    IReadOnlyList<RetentionLineage> Lineages,
    IReadOnlyList<string> Doubts,
    DateTimeOffset Clock)
{
    /// <summary>
    /// The time that counts: the clock, but no more than <see cref="RetentionMargins.Silence"/> behind the newest
    /// thing that
    /// is stored and does not lie in the future. An earlier time only ever keeps more.
    /// </summary>
    public DateTimeOffset Now
    {
        get
        {
            var newest = Backups.Select(backup => backup.StopTime)
                .Concat(Lineages.SelectMany(lineage => lineage.Timelines).Select(timeline => timeline.LastArchived))
                .Where(time => time <= Clock)
                .DefaultIfEmpty(Clock)
                .Max();
            return Clock - newest > RetentionMargins.Silence ? newest + RetentionMargins.Silence : Clock;
        }
    }
}

/// <summary>Of a backup what decides whether it stays.</summary>
/// <param name="Timeline">Of the whole stretch from start to stop.</param>
/// <param name="StopTime">When it ended: the first point that it can be restored to, and the time that rules count
/// by.</param>
/// <param name="Incomplete">Why it cannot be restored; null when its manifest and all its WAL are there.</param>
public sealed record RetentionBackup(
    string Id,
    Id128 Lineage,
    Timeline Timeline,
    Lsn StartLsn,
    Lsn StopLsn,
    DateTimeOffset StopTime,
    IReadOnlyList<string> Tags,
    BackupPin? Pin,
    string? Incomplete)
{
    public bool IsComplete => Incomplete is null;
}

/// <summary>The WAL of one lineage.</summary>
/// <param name="Generations">
/// The lineage itself and those that it comes from, each with the last timeline that it shares with them.
/// </param>
/// <param name="Parent">The point at which it left its source; null for one that has none.</param>
/// <param name="LastSeen">When it last stored anything, its record included, by the store's clock.</param>
/// <param name="Timelines">Those of which it has WAL or backups itself.</param>
/// <param name="Segments">
/// What is stored in it and has not expired, any order, conflicting and unfinished ones too; each number of a
/// timeline once.
/// </param>
public sealed record RetentionLineage(
    Id128 Id,
    WalSegmentSize SegmentSize,
    IReadOnlyList<(Id128 Lineage, Timeline Shared)> Generations,
    Clusters.LineageOrigin? Parent,
    DateTimeOffset LastSeen,
    IReadOnlyList<RetentionTimeline> Timelines,
    IReadOnlyList<RetentionSegment> Segments);

/// <param name="History">Null when none is archived.</param>
/// <param name="LastArchived">When the last of its segments came, by the store's clock; or when its last backup
/// ended.</param>
public sealed record RetentionTimeline(Timeline Timeline, TimelineHistory? History, DateTimeOffset LastArchived);

/// <param name="Bytes">That are stored for it.</param>
public sealed record RetentionSegment(Timeline Timeline, ulong Number, long Bytes);
