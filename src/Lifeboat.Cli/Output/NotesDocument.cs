using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Output;

/// <summary>What people say of a backup.</summary>
internal sealed record NotesDocument(string Id, string[] Tags, PinDocument? Pin, string? Annotation);

/// <param name="Until">Null: it never ends.</param>
internal sealed record PinDocument(string Reason, DateTimeOffset? Until)
{
    public static PinDocument? Of(BackupPin? pin) => pin is null ? null : new PinDocument(pin.Reason, pin.Until);
}

/// <param name="Applied">Whether it is expired now; false of a dry run.</param>
internal sealed record ExpireDocument(string Id, string Reason, bool Applied);

/// <summary>A backup that is listed no more.</summary>
/// <param name="Plan">Of a prune; null when it was expired by itself.</param>
internal sealed record ExpiredDocument(string Id, string Lineage, DateTimeOffset ExpiredAt, string Reason, string? Plan)
{
    public static ExpiredDocument Of(ExpiredBackup expired) => new(
        expired.Record.Backup,
        expired.Lineage.ToString(),
        expired.Record.ExpiredAt,
        expired.Record.Reason,
        expired.Record.Plan);
}
