using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// The file <c>backup_label</c>: where recovery of a backup begins (build_backup_content, xlogbackup.c; read by
/// read_backup_label, xlogrecovery.c). Without it a restored backup would be taken for a crashed server.
/// </summary>
/// <param name="StartWalLocation">Redo: replay begins here.</param>
/// <param name="StartWalFile">The segment that holds it, 24 hexadecimal digits.</param>
/// <param name="CheckpointLocation">The backup's checkpoint record.</param>
/// <param name="BackupMethod"><c>streamed</c>; others date from before 15.</param>
/// <param name="BackupFrom"><c>primary</c> (<c>master</c> up to 13) or <c>standby</c>.</param>
/// <param name="StartTime">In the server's log_timezone; for people only.</param>
/// <param name="Label">What the user called the backup; may hold any byte but NUL.</param>
/// <param name="StartTimeline">The timeline of <paramref name="StartWalLocation"/>.</param>
/// <param name="IncrementalFromLsn">17 and later: PostgreSQL's own incremental, since this LSN.</param>
/// <param name="IncrementalFromTimeline">The timeline of that LSN; null exactly when it is.</param>
public sealed record BackupLabel(
    Lsn StartWalLocation,
    string StartWalFile,
    Lsn CheckpointLocation,
    string BackupMethod,
    string BackupFrom,
    string StartTime,
    string Label,
    Timeline StartTimeline,
    Lsn? IncrementalFromLsn = null,
    Timeline? IncrementalFromTimeline = null)
{
    public const string FileName = "backup_label";

    /// <summary>Whether the backup was taken from a standby.</summary>
    public bool IsFromStandby => BackupFrom == "standby";

    /// <exception cref="LifeboatException">Damaged: a line is missing, out of order or makes no sense.</exception>
    public static BackupLabel Parse(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)0))
        {
            throw Unreadable.File(FileName, "it contains a NUL byte");
        }

        return new BackupLabelReader(PosixPath.Decode(text)).Read();
    }

    /// <summary>The file's bytes, as PostgreSQL writes them.</summary>
    public byte[] Format()
    {
        var text = $"""
            START WAL LOCATION: {StartWalLocation} (file {StartWalFile})
            CHECKPOINT LOCATION: {CheckpointLocation}
            BACKUP METHOD: {BackupMethod}
            BACKUP FROM: {BackupFrom}
            START TIME: {StartTime}
            LABEL: {Label}
            START TIMELINE: {StartTimeline}

            """;
        if (IncrementalFromLsn is { } lsn)
        {
            text += $"INCREMENTAL FROM LSN: {lsn}\nINCREMENTAL FROM TLI: {IncrementalFromTimeline}\n";
        }

        return PosixPath.Encode(text);
    }
}
