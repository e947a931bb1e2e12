namespace Lifeboat.Cli.Output;

/// <summary>How a cluster stands, at a glance.</summary>
/// <param name="LastBackup">Null when there is none.</param>
/// <param name="LastBackupAgeSeconds">Since it ended.</param>
/// <param name="WindowEnd">The last point in time that can be recovered: the last commit known in any window.</param>
/// <param name="LastCommitAgeSeconds">How much would be lost now, at most, if the server had committed until
/// now.</param>
/// <param name="Rpo">How much would be lost now; with the server's help exactly.</param>
/// <param name="Heartbeat">Null when none was asked for.</param>
/// <param name="Lineages">The server's own history and those of its copies, each for itself.</param>
/// <param name="Claims">Who archives.</param>
/// <param name="BytesStored">Bytes of all objects of the cluster.</param>
internal sealed record StatusDocument(
    string Repository,
    string Cluster,
    bool Encrypted,
    int Backups,
    BackupDocument? LastBackup,
    double? LastBackupAgeSeconds,
    DateTimeOffset? WindowEnd,
    string? WindowEndLsn,
    double? LastCommitAgeSeconds,
    RpoDocument Rpo,
    HeartbeatDocument? Heartbeat,
    WindowDocument[] Windows,
    GapDocument[] Gaps,
    ConflictDocument[] Conflicts,
    LineageDocument[] Lineages,
    ClaimDocument[] Claims,
    long BytesStored,
    long Objects,
    DamageDocument[] Damage,
    string[] Faults)
{
    public bool Damaged => Damage.Length > 0 || Faults.Length > 0;
}

/// <summary>How one history of the cluster stands.</summary>
/// <param name="IsFirst">Whether it is that of the server for which the cluster was made.</param>
/// <param name="LastBackup">Id; null when it has none of its own.</param>
/// <param name="WindowEnd">The last point in time that can be recovered in it.</param>
internal sealed record LineageDocument(
    string Lineage,
    bool IsFirst,
    string? LastBackup,
    double? LastBackupAgeSeconds,
    DateTimeOffset? WindowEnd,
    double? LastCommitAgeSeconds);

/// <summary>The server that archives a timeline.</summary>
internal sealed record ClaimDocument(string Lineage, uint Timeline, string Host, string Directory);
