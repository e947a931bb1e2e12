using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Targets;

/// <summary>A target that was found in the archive: the backup to begin with, and what to tell PostgreSQL.</summary>
/// <param name="Backup">The newest backup that the target allows, or the one asked for.</param>
/// <param name="Lineage">The lineage whose archive is followed.</param>
/// <param name="Timeline">Written as <c>recovery_target_timeline</c>, always a number.</param>
/// <param name="Settings">
/// The <c>recovery_target…</c> settings to write, values unquoted. A time becomes an LSN here, since PostgreSQL fails
/// at a time behind which no commit follows.
/// </param>
/// <param name="StopLsn">Where recovery will end, when that is known beforehand.</param>
/// <param name="Description">In words, for the plan and the report.</param>
/// <param name="WalFrom">First segment that recovery reads.</param>
/// <param name="WalTo">Last segment that recovery reads, as far as it is archived.</param>
public sealed record ResolvedTarget(
    BackupManifest Backup,
    Id128 Lineage,
    Timeline Timeline,
    IReadOnlyList<KeyValuePair<string, string>> Settings,
    Lsn? StopLsn,
    string Description,
    WalSegmentName WalFrom,
    WalSegmentName WalTo)
{
    /// <summary>Archived WAL that this recovery would have to reach and cannot, in words; null when there is none.</summary>
    public string? LeftBehind { get; init; }

    /// <summary>What recovery looks for in pg_wal under another name than it reads from the archive; null for nothing.</summary>
    public LeftSegment? Left { get; init; }
}
