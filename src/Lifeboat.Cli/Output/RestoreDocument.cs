using Lifeboat.Engine.Restore;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Output;

/// <summary>What a restore will do or did.</summary>
/// <param name="DryRun">Whether nothing was written.</param>
/// <param name="Target">In words.</param>
/// <param name="StopLsn">Where recovery will end, when that is known beforehand.</param>
/// <param name="WalFrom">The first segment that recovery reads.</param>
/// <param name="WalTo">The last one, as far as it is archived.</param>
/// <param name="Delta">What becomes of what is there; null for an empty directory.</param>
/// <param name="BytesWritten">Null for a dry run, as is all that follows.</param>
/// <param name="Lineage">The lineage that the restored copy was given.</param>
internal sealed record RestoreDocument(
    bool DryRun,
    string Directory,
    string Backup,
    string SourceLineage,
    string Target,
    uint Timeline,
    string? StopLsn,
    string WalFrom,
    string WalTo,
    Dictionary<string, string> Settings,
    string RestoreCommand,
    ShownTablespace[] Tablespaces,
    long Files,
    long Bytes,
    long FreeBytes,
    DeltaDocument? Delta,
    long? BytesWritten,
    double? DurationSeconds,
    string? Lineage,
    string[] Warnings)
{
    public static RestoreDocument Of(RestorePlan plan, RestoreReport? report) => new(
        report is null,
        PosixPath.Display(plan.Request.Directory),
        plan.Target.Backup.Id,
        plan.Target.Lineage.ToString(),
        plan.Target.Description,
        plan.Target.Timeline.Value,
        plan.Target.StopLsn?.ToString(),
        plan.Target.WalFrom.ToString(),
        plan.Target.WalTo.ToString(),
        new Dictionary<string, string>(plan.Target.Settings, StringComparer.Ordinal),
        PosixPath.Display(plan.Request.RestoreCommand),
        [.. plan.Tablespaces.Select(t => new ShownTablespace(t.Key, PosixPath.Display(t.Value)))],
        plan.Files,
        plan.Bytes,
        plan.FreeBytes,
        DeltaDocument.Of(plan.Delta),
        report?.BytesWritten,
        report is null ? null : Math.Round(report.Duration.TotalSeconds, 3),
        report?.Lineage,
        [.. report?.Warnings ?? plan.Warnings]);
}
