using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Commands;

internal static class AdoptCommand
{
    private static readonly Setting TakeOver = Setting.Flag(
        "take-over", "This is the same server as before, moved or renamed: it archives on in its lineage");

    private static readonly Setting AsNew = Setting.Flag(
        "as-new", "This is a copy, or a new server in the place of another: it gets a lineage of its own");

    public static readonly CommandSpec Spec = new(
        "adopt",
        "Say what a server is whose archiving was refused: the same one, or a copy",
        [],
        [CommonSettings.ClusterDirectory, TakeOver, AsNew],
        [
            new(
                "lifeboat adopt --take-over --cluster-dir /var/lib/postgresql/17/main --repository /backup/lifeboat",
                "The server was moved here"),
            new(
                "lifeboat adopt --as-new --cluster-dir /var/lib/postgresql/17/copy --repository /backup/lifeboat",
                "The directory was copied from a server that lives on"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var takeOver = settings.Flag(TakeOver);
        if (takeOver == settings.Flag(AsNew))
        {
            throw UsageError.Of(
                "read the options",
                $"{TakeOver.Option}, {AsNew.Option}",
                takeOver ? "both were given" : "neither was given",
                $"Give {TakeOver.Option} when the server that archived before is gone, {AsNew.Option} when it lives on.");
        }

        var directory = settings.RequiredPath(CommonSettings.ClusterDirectory);
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var report = takeOver
            ? await Adoption.TakeOverAsync(cluster, context.Files, directory, context.Time, cancellationToken)
            : await Adoption.AsNewAsync(cluster, context.Files, directory, context.Time, cancellationToken);
        var before = report.Before is null
            ? null
            : $"{report.Before.Host}:{PosixPath.Display(report.Before.Directory)}";
        if (context.Json)
        {
            Documents.Print(
                context.Terminal,
                new AdoptDocument(report.Lineage.ToString(), report.Timeline.Value, !takeOver, before),
                CliJson.Default.AdoptDocument);
        }
        else
        {
            context.Terminal.Out.WriteLine(takeOver
                ? $"{PosixPath.Display(directory)} archives timeline {report.Timeline} of lineage {report.Lineage} from "
                    + $"now on{(before is null ? "" : $"; before it was {before}")}."
                : $"{PosixPath.Display(directory)} has lineage {report.Lineage} of its own from now on.");
        }

        return ExitCodes.Done;
    }
}
