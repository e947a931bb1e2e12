using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Cli.Commands;

internal static class StatusCommand
{
    private const int MostSeconds = 24 * 3600;

    private static readonly Setting Connection = new(
        "connection", "CONNINFO", "Ask the server, reached as psql would, what is not archived yet");

    private static readonly Setting Heartbeat = Setting.Flag(
        "heartbeat", "Commit a message that changes nothing, end the segment, and wait until the archive has it");

    private static readonly Setting HeartbeatTimeout = new(
        "heartbeat-timeout", "SECONDS", "How long to wait for the heartbeat", Default: "60");

    public static readonly CommandSpec Spec = new(
        "status",
        "Show at a glance how a cluster stands",
        [],
        [CommonSettings.ClusterDirectory, Connection, Heartbeat, HeartbeatTimeout, ListCommand.RestorePoints],
        [
            new("lifeboat status --repository /backup/lifeboat", "How the cluster main stands"),
            new("lifeboat status --repository /backup/lifeboat --output json", "The same for a monitoring system"),
            new(
                "lifeboat status --repository /backup/lifeboat --cluster-dir /var/lib/postgresql/17/main "
                + "--connection 'host=/run/postgresql user=postgres'",
                "And how much would be lost now, by the server's own WAL"),
        ],
        RunAsync)
    {
        Details = "The archive alone tells the age of the last commit that can be recovered, and not whether the server "
            + "has committed since. With --connection, --cluster-dir or both the server's WAL is read up to where it is flushed, "
            + "and commits that are not archived are counted: with none of them nothing would be lost.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var patience = TimeSpan.FromSeconds(context.Settings.Integer(HeartbeatTimeout, 1, MostSeconds)!.Value);
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, cancellationToken);
        var (heartbeat, windows, tail, problem) = await AskAsync(
            context, cluster, patience, cancellationToken);
        var (bytes, objects) = await SizeAsync(cluster, cancellationToken);
        var locks = await LockOutlook.ReadAsync(cluster, cancellationToken);
        var now = context.Time.GetUtcNow();
        var last = backups.Count == 0 ? null : backups[^1];
        var newest = windows.Windows.MaxBy(window => (window.LastKnown, window.End.Value));
        var known = damage.Select(damaged => damaged.Message).ToHashSet(StringComparer.Ordinal);
        var status = new StatusDocument(
            cluster.Store.Location,
            cluster.Name,
            cluster.Repository.Encrypted,
            backups.Count,
            last is null ? null : BackupDocument.Of(
                last, await BackupMarks.ReadAsync(cluster, last.Lineage, last.Id, cancellationToken)) with
            {
                LockedUntil = locks.Of(last),
            },
            last is null ? null : Seconds(now - last.StopTime),
            newest?.LastKnown,
            newest?.End.ToString(),
            newest is null ? null : Seconds(now - newest.LastKnown),
            RpoDocument.Of(LastKnown(windows, tail) ?? newest?.LastKnown, now, tail, problem),
            heartbeat,
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
            StatusText.Print(context.Terminal.Out, status, context.Settings.Flag(ListCommand.RestorePoints));
        }

        return status.Damaged
            ? DamageExit.Report(context, "show the status", status.Damage.Length + status.Faults.Length)
            : ExitCodes.Done;
    }

    /// <summary>The heartbeat first, then what is archived, then what the server has besides.</summary>
    private static async Task<(HeartbeatDocument? Heartbeat, ClusterWindows Windows, LiveTail? Tail, string? Problem)> AskAsync(
        CommandContext context, Cluster cluster, TimeSpan patience, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var directory = settings.Path(CommonSettings.ClusterDirectory);
        var beats = settings.Flag(Heartbeat);
        var server = new ServerTail(cluster, context.Files, context.Time);
        string? problem = null;
        await using var session = await OpenAsync();
        HeartbeatDocument? heartbeat = null;
        if (beats)
        {
            var (lsn, took) = await server.BeatAsync(session!, directory, patience, cancellationToken);
            heartbeat = new HeartbeatDocument(lsn.ToString(), Seconds(took));
        }

        var windows = await ClusterWindows.LoadAsync(cluster, cancellationToken);
        var tail = session is null && directory is null
            ? null
            : await server.ReadAsync(session, directory, windows, cancellationToken);
        return (heartbeat, windows, tail, problem);

        async Task<ServerSession?> OpenAsync()
        {
            if (!beats && !settings.IsGiven(Connection))
            {
                return null;
            }

            try
            {
                return await ServerSession.OpenAsync(ServerConnection.Read(settings, Connection), cancellationToken);
            }
            catch (LifeboatException down) when (!beats && down.Code == ErrorCode.ServerUnavailable)
            {
                // When the server is gone, what can be recovered without it is what matters.
                problem = $"the server cannot be reached ({down.Failure.Cause})";
                return null;
            }
        }
    }

    /// <summary>Of the server that was asked, which may be a copy of the one for which the cluster was made.</summary>
    private static DateTimeOffset? LastKnown(ClusterWindows windows, LiveTail? tail) => windows.Windows
        .Where(window => window.Lineage == tail?.Lineage)
        .Max(window => (DateTimeOffset?)window.LastKnown);

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
                .Max(window => (DateTimeOffset?)window.LastKnown);
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
