namespace Lifeboat.Cli.Output;

/// <summary>The backups of a cluster, and the points in time that can be recovered.</summary>
/// <param name="Damage">Manifests that cannot be read; what they describe is not among the backups.</param>
internal sealed record ListDocument(
    string Cluster,
    BackupDocument[] Backups,
    WindowDocument[] Windows,
    GapDocument[] Gaps,
    DamageDocument[] Damage);

/// <summary>A stretch of WAL without a gap, in which every point can be recovered.</summary>
/// <param name="Start">The stop LSN of the first backup in it.</param>
/// <param name="End">The end of the last archived segment.</param>
/// <param name="StartTime">When the first backup ended.</param>
/// <param name="EndTime">The time of the last commit in it; null when there is none.</param>
/// <param name="Backups">Ids of the backups in it, oldest first.</param>
internal sealed record WindowDocument(
    uint Timeline,
    string Start,
    string End,
    DateTimeOffset? StartTime,
    DateTimeOffset? EndTime,
    string Lineage,
    string[] Backups);

/// <summary>Segments that are missing in the archive.</summary>
internal sealed record GapDocument(uint Timeline, string From, string To, string Lineage, string Detail);

/// <summary>An object of the repository that cannot be read.</summary>
/// <param name="Kind">damaged, missing, swapped, foreign, forged or inconsistent.</param>
internal sealed record DamageDocument(string Object, string Kind, string Detail);
