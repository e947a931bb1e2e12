using System.Text.Json.Serialization;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Backups;

/// <summary>
/// The facts of one backup. A backup exists when its manifest does; everything that the manifest names is durable
/// before.
/// </summary>
public sealed record BackupManifest
{
    public required string Id { get; init; }

    public required string Cluster { get; init; }

    public required Id128 Lineage { get; init; }

    /// <summary><see cref="BackupKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>How it was found out what to store: <see cref="BackupMethods"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The backup whose map this one's was laid over; it is not needed for a restore. Null for none.</summary>
    public string? Parent { get; init; }

    /// <summary>Why another method was taken than was asked for; null when it was not.</summary>
    public string? FallbackReason { get; init; }

    /// <summary>Free text given by the user.</summary>
    public string? Reason { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public required DateTimeOffset StopTime { get; init; }

    /// <summary>Redo of the backup's checkpoint: recovery begins here.</summary>
    public required Lsn StartLsn { get; init; }

    /// <summary>Recovery must come this far before the backup is consistent.</summary>
    public required Lsn StopLsn { get; init; }

    /// <summary>The timeline of <see cref="StartLsn"/>.</summary>
    public required Timeline Timeline { get; init; }

    public required ServerIdentity Server { get; init; }

    /// <summary>The text of backup_label as the server gave it.</summary>
    public required string BackupLabel { get; init; }

    public required TablespaceFacts[] Tablespaces { get; init; }

    /// <summary>Configuration that lies outside the data directory.</summary>
    public required ConfigurationFile[] Configuration { get; init; }

    /// <summary>Map runs, base first.</summary>
    public required Id128[] MapRuns { get; init; }

    /// <summary>
    /// The lease under which it was written: then it exists only together with its completion. Null for one that was written
    /// without.
    /// </summary>
    public Id128? Lease { get; init; }

    /// <summary>The index run that lists what this backup added; null when it added nothing.</summary>
    public Id128? IndexRun { get; init; }

    public required BackupSizes Sizes { get; init; }

    /// <summary>Pages whose checksum did not hold and that are no torn reads.</summary>
    public required long ChecksumErrors { get; init; }

    /// <summary>The first of them, up to a bound, as <c>path: block N</c>.</summary>
    public required string[] DamagedPages { get; init; }

    /// <summary>What a person should know: files left out, archiving that does not work.</summary>
    public required string[] Warnings { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Program { get; init; }

    public required string Host { get; init; }
}

/// <summary>What a restore must fit to.</summary>
/// <param name="SystemIdentifier">Decimal digits: JSON numbers do not hold 64 bits.</param>
public sealed record ServerIdentity(
    string SystemIdentifier,
    int Major,
    string Version,
    uint CatalogVersion,
    int BlockSize,
    int RelationSegmentBlocks,
    int WalSegmentSize,
    bool DataChecksums,
    string? Owner);

/// <summary>A tablespace outside the data directory.</summary>
public sealed record TablespaceFacts(
    uint Oid, [property: JsonConverter(typeof(PathConverter))] string Location);

/// <summary>A configuration file from outside the data directory, kept whole.</summary>
/// <param name="Role">config_file, hba_file, ident_file or include.</param>
/// <param name="Source">Where it was.</param>
/// <param name="Target">Where a restore puts it, relative to the data directory.</param>
public sealed record ConfigurationFile(
    string Role,
    [property: JsonConverter(typeof(PathConverter))] string Source,
    [property: JsonConverter(typeof(PathConverter))] string Target,
    byte[] Content);

/// <summary>Bytes and counts of a backup.</summary>
/// <param name="Total">Bytes of the data directory's files that the backup describes.</param>
/// <param name="Read">Bytes read from the server's files.</param>
/// <param name="Stored">Bytes that the backup added to the repository.</param>
/// <param name="Files">Regular files.</param>
public sealed record BackupSizes(long Total, long Read, long Stored, long Files);
