namespace Lifeboat.Cli.Output;

/// <summary>How a cluster stands, at a glance.</summary>
/// <param name="LastBackup">Null when there is none.</param>
/// <param name="LastBackupAgeSeconds">Since it ended.</param>
/// <param name="WindowEnd">The last point in time that can be recovered: the last commit known in any window.</param>
/// <param name="LastCommitAgeSeconds">How much would be lost now, at most, if the server had committed until
/// now.</param>
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
    WindowDocument[] Windows,
    GapDocument[] Gaps,
    ConflictDocument[] Conflicts,
    ClaimDocument[] Claims,
    long BytesStored,
    long Objects,
    DamageDocument[] Damage,
    string[] Faults)
{
    public bool Damaged => Damage.Length > 0 || Faults.Length > 0;
}

/// <summary>The server that archives a timeline.</summary>
internal sealed record ClaimDocument(string Lineage, uint Timeline, string Host, string Directory);
