using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Retention;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Retention;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class ExpireCommand
{
    private static readonly Setting Reason = new("reason", "TEXT", "Why, kept with the expired backup");

    private static readonly Setting LastOfLineage = Setting.Flag(
        "last-of-lineage", "It may be the last complete backup of its lineage: of a server or copy that is not used any more");

    private static readonly Setting DryRun = Setting.Flag("dry-run", "Say whether it could go, and change nothing");

    public static readonly CommandSpec Spec = new(
        "expire",
        "Remove one backup",
        [new CommandArgument("ID", "The backup's id, the beginning of it, or latest")],
        [Reason, PolicySettings.Minimum, LastOfLineage, DryRun],
        [
            new("lifeboat expire 20261120T1403 --reason 'taken by mistake' --repository /backup/lifeboat",
                "The backup whose id begins like this"),
        ],
        RunAsync)
    {
        Details = "A pinned backup is refused, and so is the last one. A backup whose manifest cannot be read is named by its "
            + "whole id. The backup is listed no more from then on; what only it needs goes with the next prune.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var reason = context.Settings.Text(Reason) ?? throw SettingReading.Missing(Reason);
        var minimum = PolicySettings.ReadMinimum(context.Settings);
        var lastOfLineage = context.Settings.Flag(LastOfLineage);
        var dry = context.Settings.Flag(DryRun);
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var expire = new ExpireOne(cluster, minimum, lastOfLineage, context.Time);
        var plan = await expire.PlanAsync(context.Arguments[0], cancellationToken);
        if (!dry)
        {
            await expire.ApplyAsync(plan, reason, cancellationToken);
        }

        var document = new ExpireDocument(plan.Backup, reason, !dry);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.ExpireDocument);
        }
        else
        {
            context.Terminal.Out.WriteLine(dry
                ? $"{plan.Backup} could go; nothing was changed."
                : $"{plan.Backup} has expired. What only it needs goes with the next prune.");
        }

        return ExitCodes.Done;
    }
}
