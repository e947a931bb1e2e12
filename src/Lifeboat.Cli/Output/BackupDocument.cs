using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Output;

/// <summary>
/// A backup for programs. LSNs are text as PostgreSQL writes it, sizes are bytes, times have an offset.
/// </summary>
internal sealed record BackupDocument(
    string Id,
    string Cluster,
    string Lineage,
    string Kind,
    string Method,
    string? Parent,
    string? FallbackReason,
    string? Reason,
    DateTimeOffset StartTime,
    DateTimeOffset StopTime,
    string StartLsn,
    string StopLsn,
    uint Timeline,
    long BytesRead,
    long BytesTotal,
    long BytesStored,
    long Files,
    double DurationSeconds,
    long ChecksumErrors,
    string[] DamagedPages,
    string[] Warnings,
    string[] Tags,
    PinDocument? Pin,
    string? Annotation)
{
    /// <summary>Until when nobody can take away what it needs, at least; null where nothing is locked.</summary>
    public DateTimeOffset? LockedUntil { get; init; }

    /// <param name="notes">What people say of it.</param>
    /// <param name="duration">As measured; the manifest's own times where only it is at hand.</param>
    public static BackupDocument Of(BackupManifest manifest, BackupNotes notes, TimeSpan? duration = null) => new(
        manifest.Id,
        manifest.Cluster,
        manifest.Lineage.ToString(),
        manifest.Kind,
        manifest.Method,
        manifest.Parent,
        manifest.FallbackReason,
        manifest.Reason,
        manifest.StartTime,
        manifest.StopTime,
        manifest.StartLsn.ToString(),
        manifest.StopLsn.ToString(),
        manifest.Timeline.Value,
        manifest.Sizes.Read,
        manifest.Sizes.Total,
        manifest.Sizes.Stored,
        manifest.Sizes.Files,
        Math.Round((duration ?? manifest.StopTime - manifest.StartTime).TotalSeconds, 3),
        manifest.ChecksumErrors,
        manifest.DamagedPages,
        manifest.Warnings,
        [.. notes.Tags],
        PinDocument.Of(notes.Pin),
        notes.Annotation);
}
