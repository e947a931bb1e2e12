using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Cli.Commands;

internal static class ShowCommand
{
    public static readonly CommandSpec Spec = new(
        "show",
        "Show everything about one backup",
        [new CommandArgument("ID", "The backup's id, the beginning of it, or latest")],
        [],
        [
            new("lifeboat show latest --repository /backup/lifeboat", "The newest backup"),
            new("lifeboat show 20261120T1403 --repository /backup/lifeboat", "The backup whose id begins like this"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var cluster = await context.OpenClusterAsync(cancellationToken);
        var manifest = await BackupCatalog.FindAsync(cluster, context.Arguments[0], cancellationToken);
        var shown = ShowDocument.Of(
            manifest,
            await BackupMarks.ReadAsync(cluster, manifest.Lineage, manifest.Id, cancellationToken),
            await BackupCatalog.ReadCatalogAsync(cluster, manifest, cancellationToken),
            (await LockOutlook.ReadAsync(cluster, cancellationToken)).Of(manifest));
        if (context.Json)
        {
            Documents.Print(context.Terminal, shown, CliJson.Default.ShowDocument);
        }
        else
        {
            BackupText.Print(context.Terminal.Out, shown);
        }

        return ExitCodes.Done;
    }
}
