using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Check;

namespace Lifeboat.Cli.Commands;

internal static class RepairIndexCommand
{
    public static readonly CommandSpec Spec = new(
        "repair index",
        "List packs again that no index lists",
        [],
        [],
        [new("lifeboat repair index --repository /backup/lifeboat --cluster main", "Rebuild what is missing")],
        RunAsync)
    {
        Details = "Only ever adds: nothing is removed or rewritten.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var report = await IndexRepair.RebuildAsync(cluster, cancellationToken);
        var done = new RepairDocument(
            report.Run?.ToString(),
            [.. report.Packs.Select(pack => pack.ToString())],
            report.Frames,
            [.. report.Removed.Select(name => name.Value)],
            [.. report.Damage.Select(DamageDocument.Of)]);
        if (context.Json)
        {
            Documents.Print(context.Terminal, done, CliJson.Default.RepairDocument);
        }
        else
        {
            context.Terminal.Out.WriteLine(done.IndexRun is null
                ? "Every pack is listed; there was nothing to do."
                : $"Listed {done.Packs.Length} packs with {done.Frames} frames in index run {done.IndexRun}.");
            ListText.Section(context.Terminal.Out, "Removed, since they could not be read:", done.Removed);
            ListText.Section(
                context.Terminal.Out,
                "DAMAGED:",
                done.Damage.Select(damage => $"{damage.Object}: {damage.Kind}: {damage.Detail}"));
        }

        return done.Damage.Length > 0
            ? DamageExit.Report(context, "repair the index", done.Damage.Length)
            : ExitCodes.Done;
    }
}
