using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Leases;
using Lifeboat.Engine.Restore;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class RestoreCommand
{
    private static readonly Setting To = new(
        "to", "DIR", "The directory to restore to; empty or not there yet, unless --delta is given");

    private static readonly Setting Backup = new(
        "backup", "ID", "The backup to begin with: its id, the beginning of it, or latest; without it, the newest that "
        + "the target allows");

    private static readonly Setting Lineage = new(
        "lineage", "ID", "The history to follow, by the beginning of its id (list shows them); without it, the backup's, or "
        + "that of the server for which the cluster was made");

    private static readonly Setting TablespaceRoot = new(
        "tablespace-root", "DIR",
        "A folder in which each tablespace that is not mapped gets a folder named by its oid");

    private static readonly Setting Delta = Setting.Flag(
        "delta",
        "The directory may hold this cluster already: only what differs is written, and what is not in the backup is removed");

    private static readonly Setting DryRun = Setting.Flag("dry-run", "Show the plan, and write nothing");

    public static readonly CommandSpec Spec = new(
        "restore",
        "Restore a cluster to a directory, ready to recover to the target",
        [],
        [
            To, Backup, Lineage, .. TargetSettings.All, TablespaceMapping.Map, TablespaceRoot, CommonSettings.Jobs, Delta, DryRun,
        ],
        [
            new(
                "lifeboat restore --repository /backup/lifeboat --to /var/lib/postgresql/17/restored",
                "All that is archived"),
            new(
                "lifeboat restore --repository /backup/lifeboat --to /var/lib/postgresql/17/restored "
                + "--target-time '2026-11-20 14:03:22+01' --target-action pause",
                "Up to a point in time, and wait there for a look"),
            new(
                "lifeboat restore --repository /backup/lifeboat --to /srv/pg --tablespace-map 16400=/srv/fast --dry-run",
                "Show what would be done"),
            new(
                "lifeboat restore --repository /backup/lifeboat --to /var/lib/postgresql/17/main --delta --dry-run",
                "Show what a restore over the stopped server's own directory would change"),
        ],
        RunAsync)
    {
        Details = "The plan is checked before anything is written. The server is not started: start it as usual, and it "
            + "recovers to the target, fetching WAL from the repository. The restored cluster archives into a lineage "
            + "of its own, beside its source.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var target = TargetSettings.Read(settings, context.Time.LocalTimeZone);
        var directory = settings.RequiredPath(To);
        var tablespaces = TablespaceMapping.Read(settings);
        var jobs = CommonSettings.ReadJobs(settings);
        var dryRun = settings.Flag(DryRun);
        var cluster = await context.OpenClusterAsync(cancellationToken);
        using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
        if (cluster.Repository.Encrypted && SecretSource.IsOnlyInEnvironment(settings))
        {
            display.Warn(
                $"the server will need {GlobalSettings.PassphraseVariable} in its environment to fetch WAL; give "
                + "--key-file or --passphrase-file to have it written into restore_command instead");
        }

        var request = new RestoreRequest
        {
            Cluster = cluster,
            Directory = directory,
            Delta = settings.Flag(Delta),
            Time = context.Time,
            Backup = settings.Text(Backup),
            Lineage = await LineageSetting.FindAsync(cluster, settings.Text(Lineage), cancellationToken),
            Target = target,
            TablespaceMap = tablespaces,
            TablespaceRoot = settings.Path(TablespaceRoot),
            Jobs = jobs,
            RestoreCommand = RestoreCommandLine.Of(settings, RestoreCommandLine.ThisProgram()),
        };
        await using var lease = dryRun ? null : await ReaderLease.TakeAsync(cluster, display, cancellationToken);
        var plan = await ClusterRestore.PlanAsync(request, context.Files, cancellationToken);
        var report = dryRun
            ? null
            : await ClusterRestore.RunAsync(plan, context.Files, display, cancellationToken);
        display.Dispose();
        var document = RestoreDocument.Of(plan, report);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.RestoreDocument);
        }
        else
        {
            RestoreText.Print(context.Terminal.Out, document);
        }

        return ExitCodes.Done;
    }
}
