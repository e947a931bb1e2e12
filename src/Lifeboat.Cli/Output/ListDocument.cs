using Lifeboat.Engine.Windows;
using Lifeboat.Repository.Containers;

namespace Lifeboat.Cli.Output;

/// <summary>The backups of a cluster, and the points in time that can be recovered.</summary>
/// <param name="Backups">Oldest first.</param>
/// <param name="Conflicts">Names under which several contents are archived; none of them can be used.</param>
/// <param name="Damage">Manifests that cannot be read; what they describe is not among the backups.</param>
/// <param name="Faults">What else could not be read, in words.</param>
/// <param name="Expired">Backups that are listed no more; null unless they were asked for.</param>
internal sealed record ListDocument(
    string Cluster,
    BackupDocument[] Backups,
    WindowDocument[] Windows,
    GapDocument[] Gaps,
    ConflictDocument[] Conflicts,
    DamageDocument[] Damage,
    string[] Faults,
    ExpiredDocument[]? Expired)
{
    public bool Damaged => Damage.Length > 0 || Faults.Length > 0;
}

/// <summary>Points that can be recovered without a break, along one timeline.</summary>
/// <param name="Start">The stop LSN of the oldest backup in it.</param>
/// <param name="End">The end of the WAL that is archived behind it without a break.</param>
/// <param name="StartTime">The earliest time that can be a target.</param>
/// <param name="EndTime">The latest time that can be a target; later than the last commit on a quiet server.</param>
/// <param name="LastCommitTime">Of the last commit; null when none is behind the backup.</param>
/// <param name="RestorePoints">Named points that can be targets, in their order.</param>
/// <param name="Backups">Ids, oldest first.</param>
/// <param name="LastSegment">The last archived segment of it.</param>
internal sealed record WindowDocument(
    uint Timeline,
    string Start,
    string End,
    DateTimeOffset StartTime,
    DateTimeOffset? EndTime,
    string Lineage,
    string[] Backups,
    string LastSegment,
    DateTimeOffset? LastCommitTime,
    RestorePointDocument[] RestorePoints)
{
    public static WindowDocument Of(RecoveryWindow window) => new(
        window.Timeline.Value,
        window.Start.ToString(),
        window.End.ToString(),
        window.StartTime,
        window.EndTime,
        window.Lineage.ToString(),
        [.. window.Backups],
        window.LastSegment.ToString(),
        window.LastCommitTime,
        [.. window.RestorePoints.Select(point => new RestorePointDocument(point.Name, point.Time, point.EndLsn.ToString()))]);
}

/// <param name="Lsn">Where recovery ends for it.</param>
internal sealed record RestorePointDocument(string Name, DateTimeOffset Time, string Lsn);

/// <summary>Segments that are missing in the archive: no recovery goes over them.</summary>
/// <param name="Before">The last archived segment before them; null when there is none.</param>
/// <param name="After">The first archived segment behind them; null when there is none.</param>
internal sealed record GapDocument(
    uint Timeline, string First, string Last, ulong Count, string? Before, string? After, string Lineage)
{
    public static GapDocument Of(WalGap gap) => new(
        gap.Timeline.Value, gap.First, gap.Last, gap.Count, gap.Before, gap.After, gap.Lineage.ToString());
}

internal sealed record ConflictDocument(string File, int Contents, string Lineage)
{
    public static ConflictDocument Of(WalConflict conflict) =>
        new(conflict.File, conflict.Tags.Count, conflict.Lineage.ToString());
}

/// <summary>An object of the repository that cannot be read.</summary>
/// <param name="Kind">damaged, missing, swapped, foreign, forged or inconsistent.</param>
internal sealed record DamageDocument(string Object, string Kind, string Detail)
{
    public static DamageDocument Of(DamagedObjectException damaged) =>
        new(damaged.Name.Value, damaged.Kind.ToString().ToLowerInvariant(), damaged.Detail);
}
