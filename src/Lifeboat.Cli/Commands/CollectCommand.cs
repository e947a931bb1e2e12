using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Collect;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Cli.Commands;

internal static class CollectCommand
{
    /// <summary>More would cost more than it gives back.</summary>
    private const int MostRepack = 75;

    private static readonly Setting Apply = Setting.Flag(
        "apply", "Carry it out; without it nothing is changed");

    private static readonly Setting Wait = Setting.Flag(
        "wait", "With --apply: stay until what was condemned is deleted, some 35 minutes when no backup runs");

    /// <summary>Also of a prune, which takes one step of a collection.</summary>
    internal static readonly Setting Repack = new(
        "repack",
        "PERCENT",
        "Write anew what is needed of packs that are needed to a smaller part than this; 0: never",
        Default: "25");

    public static readonly CommandSpec Spec = new(
        "collect",
        "Give back the space of what no backup needs any more",
        [],
        [Apply, Wait, Repack],
        [
            new("lifeboat collect --repository /backup/lifeboat", "What would go, and what waits for what"),
            new("lifeboat collect --apply --repository /backup/lifeboat", "One step, as 'prune --apply' takes it too"),
            new("lifeboat collect --apply --wait --repository /backup/lifeboat", "All steps that time allows"),
        ],
        RunAsync)
    {
        Details = "What is to go is condemned, that is published; when all that ran by then has ended it is cleared, and a "
            + "quarter of an hour later, when it is still not needed, deleted. Each run takes each of these steps once. "
            + "Packs of which less than a quarter is needed are written anew, and go when that has been there for a day. "
            + "What expired is left alone for 20 hours, what interrupted backups left behind for two days. While anything "
            + "cannot be read, nothing is deleted.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var (apply, wait) = (context.Settings.Flag(Apply), context.Settings.Flag(Wait));
        if (wait && !apply)
        {
            throw UsageError.Of(
                "read the options", Wait.Option, "it needs --apply", "Without --apply nothing is done that could be waited for.");
        }

        var cluster = await context.OpenClusterAsync(cancellationToken);
        using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
        var run = Of(context, cluster, display);
        var report = apply ? await run.ApplyAsync(wait, cancellationToken) : await run.LookAsync(cancellationToken);
        display.Dispose();
        var document = CollectDocument.Of(cluster.Name, report, apply);
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.CollectDocument);
        }
        else
        {
            CollectText.Print(context.Terminal.Out, document);
        }

        return Exit(context, document);
    }

    internal static CollectRun Of(CommandContext context, Cluster cluster, ActivityDisplay display) =>
        new(cluster, context.Settings.Integer(Repack, 0, MostRepack)!.Value / 100.0, context.Time, display);

    /// <summary>Doubts are damage: somebody must look before space comes back.</summary>
    internal static int Exit(CommandContext context, CollectDocument collection) => collection.Doubts.Length > 0
        ? DamageExit.Report(
            context,
            "find out what nothing needs",
            collection.Doubts.Length,
            "Nothing is deleted while it is not known what needs what. 'lifeboat check' says what is damaged; a backup whose "
            + "manifest is lost can be let go of by 'lifeboat expire ID --reason TEXT'.")
        : ExitCodes.Done;
}
