using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>
/// The content of <c>backup_manifest</c>, by which pg_verifybackup judges a backup: version 1 up to major 16, version 2
/// with the system identifier from 17.
/// </summary>
/// <param name="SystemIdentifier">Null in version 1.</param>
/// <param name="WalRanges">The WAL that a recovery needs, newest timeline first.</param>
public sealed record BackupManifest(
    int Version,
    ulong? SystemIdentifier,
    IReadOnlyList<ManifestFile> Files,
    IReadOnlyList<WalRange> WalRanges)
{
    public const string FileName = "backup_manifest";

    internal const string VersionKey = "PostgreSQL-Backup-Manifest-Version";
    internal const string SystemIdentifierKey = "System-Identifier";
    internal const string FilesKey = "Files";
    internal const string WalRangesKey = "WAL-Ranges";
    internal const string ChecksumKey = "Manifest-Checksum";
    internal const string TimeFormat = "yyyy-MM-dd HH:mm:ss 'GMT'";

    private const int FirstMajorOfVersion2 = 17;

    /// <summary>The version that a server of this major writes and its pg_verifybackup reads.</summary>
    public static int VersionOfMajor(int major) => major >= FirstMajorOfVersion2 ? 2 : 1;

    /// <summary>
    /// Reads a manifest strictly: its own checksum first, then every key. A path that leaves the data directory, or
    /// that is not in its shortest form, is refused.
    /// </summary>
    /// <exception cref="LifeboatException">Damaged, or UnknownFormat for a version other than 1 and 2.</exception>
    public static BackupManifest Parse(ReadOnlySpan<byte> text) => BackupManifestReader.Read(text);
}
