using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Cli.Commands;

internal static class ListCommand
{
    internal static readonly Setting RestorePoints = Setting.Flag(
        "restore-points", "Show all named restore points, and not only the newest");

    private static readonly Setting Expired = Setting.Flag(
        "expired", "Show also the backups that have expired, and why");

    public static readonly CommandSpec Spec = new(
        "list",
        "List the backups, and the points in time that can be recovered",
        [],
        [RestorePoints, Expired],
        [
            new("lifeboat list --repository /backup/lifeboat", "Backups, windows and gaps of the cluster main"),
            new("lifeboat list --repository /backup/lifeboat --output json", "The same for a program"),
        ],
        RunAsync)
    {
        Details = "A window is a stretch in which every position, and every time from its first to its last, can be recovered; the last "
            + "time is later than the last commit where something shows that nothing was committed since. A gap is WAL that "
            + "is missing: it parts windows. "
            + "What cannot be read is shown, and makes the command fail.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var listing = await BackupListing.LoadAsync(cluster, withNotes: true, cancellationToken);
        var damage = listing.Damage;
        var windows = await ClusterWindows.LoadAsync(cluster, listing, cancellationToken);
        var locks = await LockOutlook.ReadAsync(cluster, cancellationToken);
        var known = damage.Select(damaged => damaged.Message).ToHashSet(StringComparer.Ordinal);
        var list = new ListDocument(
            cluster.Name,
            [.. listing.Backups.Select(backup =>
                BackupDocument.Of(backup, listing.NotesOf(backup.Id)) with { LockedUntil = locks.Of(backup) })],
            [.. windows.Windows.Select(WindowDocument.Of)],
            [.. windows.Gaps.Select(GapDocument.Of)],
            [.. windows.Conflicts.Select(ConflictDocument.Of)],
            [.. damage.Select(DamageDocument.Of)],
            [.. windows.Faults.Where(fault => !known.Contains(fault))],
            context.Settings.Flag(Expired) ? [.. listing.Expired.Select(ExpiredDocument.Of)] : null);
        if (context.Json)
        {
            Documents.Print(context.Terminal, list, CliJson.Default.ListDocument);
        }
        else
        {
            ListText.Print(context.Terminal.Out, list, context.Settings.Flag(RestorePoints));
        }

        return list.Damaged ? DamageExit.Report(context, "list the backups", list.Damage.Length + list.Faults.Length)
            : ExitCodes.Done;
    }
}
