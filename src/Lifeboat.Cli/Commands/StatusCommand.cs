using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Cli.Commands;

internal static class StatusCommand
{
    public static readonly CommandSpec Spec = new(
        "status",
        "Show at a glance how a cluster stands",
        [],
        [],
        [
            new("lifeboat status --repository /backup/lifeboat", "How the cluster main stands"),
            new("lifeboat status --repository /backup/lifeboat --output json", "The same for a monitoring system"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, cancellationToken);
        var windows = await ClusterWindows.LoadAsync(cluster, cancellationToken);
        var (bytes, objects) = await SizeAsync(cluster, cancellationToken);
        var now = context.Time.GetUtcNow();
        var last = backups.Count == 0 ? null : backups[^1];
        var newest = windows.Windows.MaxBy(window => (window.EndTime ?? window.StartTime, window.End.Value));
        var known = damage.Select(damaged => damaged.Message).ToHashSet(StringComparer.Ordinal);
        var status = new StatusDocument(
            cluster.Store.Location,
            cluster.Name,
            cluster.Repository.Encrypted,
            backups.Count,
            last is null ? null : BackupDocument.Of(last),
            last is null ? null : Seconds(now - last.StopTime),
            newest?.EndTime ?? newest?.StartTime,
            newest?.End.ToString(),
            newest is null ? null : Seconds(now - (newest.EndTime ?? newest.StartTime)),
            [.. windows.Windows.Select(WindowDocument.Of)],
            [.. windows.Gaps.Select(GapDocument.Of)],
            [.. windows.Conflicts.Select(ConflictDocument.Of)],
            [.. Lineages(cluster, backups, windows, now)],
            await ClaimsAsync(cluster, windows, cancellationToken),
            bytes,
            objects,
            [.. damage.Select(DamageDocument.Of)],
            [.. windows.Faults.Where(fault => !known.Contains(fault))]);
        if (context.Json)
        {
            Documents.Print(context.Terminal, status, CliJson.Default.StatusDocument);
        }
        else
        {
            StatusText.Print(context.Terminal.Out, status);
        }

        return status.Damaged
            ? DamageExit.Report(context, "show the status", status.Damage.Length + status.Faults.Length)
            : ExitCodes.Done;
    }

    private static IEnumerable<LineageDocument> Lineages(
        Cluster cluster, IReadOnlyList<BackupManifest> backups, ClusterWindows windows, DateTimeOffset now)
    {
        var all = windows.Windows.Select(window => window.Lineage)
            .Concat(backups.Select(backup => backup.Lineage))
            .Distinct()
            .OrderByDescending(lineage => lineage == cluster.FirstLineage);
        foreach (var lineage in all)
        {
            var last = backups.LastOrDefault(backup => backup.Lineage == lineage);
            var end = windows.Windows
                .Where(window => window.Lineage == lineage)
                .Max(window => (DateTimeOffset?)(window.EndTime ?? window.StartTime));
            yield return new LineageDocument(
                lineage.ToString(),
                lineage == cluster.FirstLineage,
                last?.Id,
                last is null ? null : Seconds(now - last.StopTime),
                end,
                end is null ? null : Seconds(now - end.Value));
        }
    }

    private static double Seconds(TimeSpan age) => Math.Round(age.TotalSeconds, 3);

    private static async Task<(long Bytes, long Objects)> SizeAsync(
        Cluster cluster, CancellationToken cancellationToken)
    {
        long bytes = 0;
        long objects = 0;
        // docs/format/repository-v0.md: everything of a cluster lies below its name.
        await foreach (var facts in cluster.Store.ListAsync($"clusters/{cluster.Name}/", cancellationToken))
        {
            bytes += facts.Size;
            objects++;
        }

        return (bytes, objects);
    }

    private static async Task<ClaimDocument[]> ClaimsAsync(
        Cluster cluster, ClusterWindows windows, CancellationToken cancellationToken)
    {
        var places = windows.Windows.Select(window => (window.Lineage, window.Timeline))
            .Append((cluster.FirstLineage, Timeline.First))
            .Distinct();
        var claims = new List<ClaimDocument>();
        foreach (var (lineage, timeline) in places)
        {
            if (await Claims.HolderAsync(cluster, lineage, timeline, cancellationToken) is { } holder)
            {
                claims.Add(new ClaimDocument(
                    lineage.ToString(), timeline.Value, holder.Host, PosixPath.Display(holder.Directory)));
            }
        }

        return [.. claims];
    }
}
