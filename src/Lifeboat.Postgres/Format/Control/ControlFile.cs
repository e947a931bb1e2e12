namespace Lifeboat.Postgres.Format.Control;

/// <summary>
/// The content of <c>global/pg_control</c> (struct ControlFileData, pg_control.h), the same for all versions. Bytes
/// become this by <see cref="ControlFileReading.Of"/>.
/// </summary>
public sealed record ControlFile
{
    /// <summary>The file is always this long; what it holds is shorter.</summary>
    public const int FileSize = 8192;

    /// <summary>Path of the file below the data directory.</summary>
    public const string Path = "global/pg_control";

    /// <summary>Tells one cluster (and its copies) from all others.</summary>
    public required ulong SystemIdentifier { get; init; }

    public required uint PgControlVersion { get; init; }

    public required uint CatalogVersion { get; init; }

    /// <summary>PostgreSQL's major version, 13 to 18, as the catalog version tells it.</summary>
    public required int Major { get; init; }

    public required DBState State { get; init; }

    /// <summary>When the file was last written.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Position of the latest checkpoint's record.</summary>
    public required Lsn CheckPoint { get; init; }

    public required CheckPointCopy CheckPointCopy { get; init; }

    /// <summary>The counter that stands for an LSN in unlogged relations.</summary>
    public required Lsn UnloggedLsn { get; init; }

    /// <summary>WAL must be replayed to here before the cluster is consistent; zero on a primary.</summary>
    public required Lsn MinRecoveryPoint { get; init; }

    /// <summary>Timeline of <see cref="MinRecoveryPoint"/>; null on a primary.</summary>
    public required Timeline? MinRecoveryPointTimeline { get; init; }

    /// <summary>Redo of the backup that is being recovered; zero when none is.</summary>
    public required Lsn BackupStartPoint { get; init; }

    /// <summary>The end of a backup taken from a standby, until it is reached; zero otherwise.</summary>
    public required Lsn BackupEndPoint { get; init; }

    /// <summary>Whether an end-of-backup record must still be replayed.</summary>
    public required bool BackupEndRequired { get; init; }

    public required WalLevel WalLevel { get; init; }

    public required bool WalLogHints { get; init; }

    public required int MaxConnections { get; init; }

    public required int MaxWorkerProcesses { get; init; }

    public required int MaxWalSenders { get; init; }

    public required int MaxPreparedTransactions { get; init; }

    public required int MaxLocksPerTransaction { get; init; }

    public required bool TrackCommitTimestamp { get; init; }

    /// <summary>Bytes of a page of a relation.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Pages in one segment file of a relation: 131072 (1 GiB) unless built otherwise.</summary>
    public required uint RelSegSize { get; init; }

    /// <summary>Bytes of a page of the WAL.</summary>
    public required int WalBlockSize { get; init; }

    public required WalSegmentSize WalSegmentSize { get; init; }

    /// <summary>Zero without data checksums; 1 is the only version there is.</summary>
    public required uint DataChecksumVersion { get; init; }

    /// <summary>Whether plain <c>char</c> is signed (18 and later); null where it is not told.</summary>
    public required bool? DefaultCharSignedness { get; init; }

    public bool HasDataChecksums => DataChecksumVersion != 0;

    /// <summary>Whether the cluster was stopped in order, so that nothing has to be replayed.</summary>
    public bool IsShutDown => State is DBState.ShutDown or DBState.ShutDownInRecovery;
}
