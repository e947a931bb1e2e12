using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class WalFetchCommand
{
    private static readonly Setting RetryFor = new(
        "retry-for", "SECONDS", "How long a store that does not answer is tried again", Default: "30");

    public static readonly CommandSpec Spec = new(
        "wal fetch",
        "Bring a WAL file from the archive; for restore_command",
        [
            new CommandArgument("NAME", "The file's name (%f)"),
            new CommandArgument("DEST", "Where PostgreSQL wants it (%p)"),
        ],
        [CommonSettings.ClusterDirectory, RetryFor],
        [
            new(
                "lifeboat wal fetch 000000010000000000000003 pg_wal/RECOVERYXLOG --repository /backup/lifeboat",
                "In postgresql.conf: restore_command = 'lifeboat wal fetch %f \"%p\" --repository /backup/lifeboat'"),
        ],
        RunAsync)
    {
        Details = $"Exit code {ExitCodes.Absent}: the repository was asked and does not hold the file. Exit code "
            + $"{ExitCodes.CannotTell}, in a recovery: it cannot be told, and the recovery must not end there.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (!context.Json && ServiceAsked.TryTake(context))
        {
            return ExitCodes.Done;
        }

        var settings = context.Settings;
        var patience = TimeSpan.FromSeconds(settings.Integer(RetryFor, 0, 24 * 3600)!.Value);
        var begun = context.Time.GetTimestamp();
        var cluster = await Patience.RetryAsync(
            () => context.OpenClusterAsync(cancellationToken), patience, context.Time, cancellationToken);
        var left = patience - context.Time.GetElapsedTime(begun);
        var outcome = await WalFetch.RunAsync(
            new WalFetchRequest
            {
                Cluster = cluster,
                Name = context.Arguments[0],
                Destination = context.Arguments[1],
                ClusterDirectory = settings.Path(CommonSettings.ClusterDirectory),
                Files = context.Files,
                RetryFor = left > TimeSpan.Zero ? left : TimeSpan.Zero,
                Time = context.Time,
            },
            cancellationToken);
        var delivered = outcome.Result == WalFetchResult.Delivered;
        if (context.Json)
        {
            Documents.Print(
                context.Terminal,
                new WalFetchDocument(
                    context.Arguments[0], delivered ? "delivered" : "absent", outcome.Object?.Name.Value),
                CliJson.Default.WalFetchDocument);
        }
        else if (!delivered && context.Terminal.ErrorIsTerminal)
        {
            // Under a standby that polls, this line would fill the server's log.
            context.Terminal.Error.WriteLine($"lifeboat: {context.Arguments[0]} is not archived");
        }

        return delivered ? ExitCodes.Done : ExitCodes.Absent;
    }
}
