using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class WalPushCommand
{
    private const int MostCompression = 19;

    private static readonly Setting CompressionLevel = new(
        "compression-level", "N", "Of zstd, 1 to 19", Default: "1");

    public static readonly CommandSpec Spec = new(
        "wal push",
        "Put a WAL file into the archive; for archive_command",
        [new CommandArgument("PATH", "The file, as PostgreSQL gives it (%p)")],
        [CommonSettings.ClusterDirectory, CompressionLevel],
        [
            new(
                "lifeboat wal push pg_wal/000000010000000000000003 --repository /backup/lifeboat",
                "In postgresql.conf: archive_command = 'lifeboat wal push %p --repository /backup/lifeboat'"),
        ],
        RunAsync)
    {
        Details = "Exit code 0 means that the file is durable in the repository, byte for byte. A file that is there "
            + "already is compared; other content under its name is refused.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        if (!context.Json && ServiceAsked.IsArchived(context))
        {
            return ExitCodes.Done;
        }

        var level = settings.Integer(CompressionLevel, 1, MostCompression)!.Value;
        var outcome = await WalPush.RunAsync(
            new WalPushRequest
            {
                Cluster = await context.OpenOrCreateClusterAsync(cancellationToken),
                Path = context.Arguments[0],
                ClusterDirectory = settings.Path(CommonSettings.ClusterDirectory),
                Files = context.Files,
                CompressionLevel = level,
                Time = context.Time,
            },
            cancellationToken);
        if (context.Json)
        {
            Documents.Print(
                context.Terminal,
                new WalPushDocument(
                    outcome.Facts.File,
                    outcome.Object.Lineage.ToString(),
                    outcome.Result == WalPushResult.Stored ? "stored" : "alreadyStored",
                    outcome.Facts.Length,
                    outcome.Object.Size,
                    outcome.Facts.Tag.ToString()),
                CliJson.Default.WalPushDocument);
        }

        return ExitCodes.Done;
    }
}
