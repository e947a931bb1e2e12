using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Retention;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Collect;
using Lifeboat.Engine.Retention;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Retention;

namespace Lifeboat.Cli.Commands;

internal static class PruneCommand
{
    private static readonly Setting Apply = Setting.Flag(
        "apply", "Carry the plan out; without it nothing is changed");

    /// <summary>Backups of other hosts end while this runs; so many plans in a row seldom meet one each.</summary>
    private const int MostPlans = 5;

    private static readonly Setting NoCollect = Setting.Flag(
        "no-collect", "With --apply: only expire, and leave the space to 'lifeboat collect'");

    public static readonly CommandSpec Spec = new(
        "prune",
        "Show why each backup stays or goes, and let go of what goes",
        [],
        [.. PolicySettings.All, Apply, NoCollect, CollectCommand.Repack],
        [
            new("lifeboat prune --keep hourly=48,daily=7,weekly=4,monthly=12 --window 7d --repository /backup/lifeboat",
                "The plan: nothing is changed"),
            new("lifeboat prune --keep hourly=48,daily=7,weekly=4,monthly=12 --window 7d --apply --repository /backup/lifeboat",
                "Carry it out"),
            new("lifeboat prune --keep last=3,compliance:yearly=7 --repository /backup/lifeboat --output json",
                "The last three, and of those with the tag compliance one for each of seven years"),
        ],
        RunAsync)
    {
        Details = "A backup stays when any rule, the window, a pin or --minimum keeps it. With --window, WAL is kept without a "
            + "hole for the window, and older backups keep just what makes them consistent; without it, WAL is kept "
            + "without a hole from the oldest backup that stays. Nothing is removed while something cannot be read. What "
            + "was expired is listed no more; --apply also takes one step of 'lifeboat collect', so that a call each night "
            + "gives the space back some nights later.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var policy = PolicySettings.Read(context.Settings) ?? throw UsageError.Of(
            "read the options",
            PolicySettings.Keep.Option,
            "no rule says what is to be kept, and removing everything is never meant",
            "Give rules or a window: 'lifeboat prune --keep last=3,daily=7,weekly=4,monthly=12 --window 7d', or write a "
            + $"section '{PolicySettings.Section}:' in the configuration file.");
        var apply = context.Settings.Flag(Apply);
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var prune = new PruneRun(cluster, policy, context.Time);
        var (facts, plan) = await PlanAndApplyAsync(context, prune, apply, cancellationToken);
        var (collection, failure) = apply && facts.Doubts.Count == 0 && !context.Settings.Flag(NoCollect)
            ? await CollectAsync(context, cluster, cancellationToken)
            : default;
        var document = PruneDocument.Of(cluster.Name, policy, plan, apply) with { Collection = collection };
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, CliJson.Default.PruneDocument);
        }
        else
        {
            PruneText.Print(context.Terminal.Out, document);
        }

        if (failure is not null)
        {
            throw failure;
        }

        return collection is not null ? CollectCommand.Exit(context, collection)
            : facts.Doubts.Count > 0
            ? DamageExit.Report(
                context,
                "plan what is removed",
                facts.Doubts.Count,
                "Nothing is removed while it is not known what needs what. 'lifeboat check' says what is damaged; a backup "
                + "whose manifest is lost can be let go of by 'lifeboat expire ID --reason TEXT'.")
            : ExitCodes.Done;
    }

    /// <summary>The plan that is returned is the one that was carried out.</summary>
    private static async Task<(RetentionFacts Facts, RetentionPlan Plan)> PlanAndApplyAsync(
        CommandContext context, PruneRun prune, bool apply, CancellationToken cancellationToken)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        for (var attempt = 1; ; attempt++)
        {
            var (facts, plan) = await prune.PlanAsync(cancellationToken);
            foreach (var warning in plan.Warnings.Where(told.Add))
            {
                context.Terminal.Warn(warning);
            }

            try
            {
                if (apply)
                {
                    await prune.ApplyAsync(facts, plan, cancellationToken);
                }

                return (facts, plan);
            }
            catch (LifeboatException changed)
                when (changed.Failure is { Code: ErrorCode.Conflict, Transient: true } && attempt < MostPlans)
            {
                // A backup ended in between, say: nothing of the plan is left, and another one may come through.
            }
        }
    }

    /// <summary>What was expired is told in any case.</summary>
    private static async Task<(CollectDocument? Collection, LifeboatException? Failure)> CollectAsync(
        CommandContext context, Cluster cluster, CancellationToken cancellationToken)
    {
        try
        {
            using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
            var report = await CollectCommand.Of(context, cluster, display).ApplyAsync(wait: false, cancellationToken);
            return (CollectDocument.Of(cluster.Name, report, applied: true), null);
        }
        catch (LifeboatException failure)
        {
            return (null, failure);
        }
    }
}
