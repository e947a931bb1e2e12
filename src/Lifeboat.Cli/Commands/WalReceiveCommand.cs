using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class WalReceiveCommand
{
    private const int MostCompression = 19;

    private static readonly Setting DropSlot = Setting.Flag(
        "drop-slot", "Remove the slot and end: the server keeps no WAL for it any more");

    private static readonly Setting Lineage = new(
        "lineage", "ID", "The history that the server writes, by the beginning of its id (list shows them); without it, what "
        + "its data directory says, or the server's for which the cluster was made");

    private static readonly Setting SkipMissing = Setting.Flag(
        "skip-missing", "Go on behind WAL that the server has removed and that is not archived");

    private static readonly Setting CompressionLevel = new(
        "compression-level", "N", "Of zstd, 1 to 19", Default: "1");

    public static readonly CommandSpec Spec = new(
        "wal receive",
        "Stream a server's WAL into the archive as it is written, by a replication slot",
        [],
        [
            .. ReceiveSettings.All, DropSlot, CommonSettings.ClusterDirectory, Lineage, SkipMissing, CompressionLevel,
        ],
        [
            new(
                "lifeboat wal receive --create-slot --connection 'host=db1,db2 user=replicator "
                + "target_session_attrs=primary' --repository /backup/lifeboat",
                "From whichever of two servers is the primary"),
            new(
                "lifeboat wal receive --synchronous --slot lifeboat --connection host=db1 --repository /backup/lifeboat",
                "On the server: synchronous_standby_names = 'lifeboat' (the slot's name, or application_name's)"),
            new(
                "lifeboat wal receive --drop-slot --slot lifeboat --connection host=db1 --repository /backup/lifeboat",
                "When no receiver will come back for it"),
        ],
        RunAsync)
    {
        Details = "Runs until it is told to end (SIGTERM, SIGINT); what has come is durable then. A server that is away is "
            + "waited for. The slot is never dropped unasked: watch the server's disk while no receiver runs.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var wanted = ReceiveSettings.Read(settings, context.Files);
        var level = settings.Integer(CompressionLevel, 1, MostCompression)!.Value;
        var cluster = await context.OpenOrCreateClusterAsync(cancellationToken);
        var request = wanted(cluster) with
        {
            Lineage = await LineageSetting.FindAsync(cluster, settings.Text(Lineage), cancellationToken),
            SkipMissing = settings.Flag(SkipMissing),
            CompressionLevel = level,
            Time = context.Time,
            Report = happened => Tell(context, happened),
        };
        foreach (var warning in request.ConnInfo.Warnings)
        {
            context.Terminal.Warn(warning);
        }

        if (settings.Flag(DropSlot))
        {
            await WalReceiver.DropSlotAsync(request, cancellationToken);
            Say(context, new WalReceiveDocument(
                context.Time.GetUtcNow(), "slotDropped", $"dropped replication slot {request.Slot}"));
            return ExitCodes.Done;
        }

        await WalReceiver.RunAsync(request, cancellationToken);
        return ExitCodes.Done;
    }

    private static void Tell(CommandContext context, WalReceiveEvent happened)
    {
        var document = WalReceiveDocument.Of(happened, context.Time.GetUtcNow());
        if (!context.Json && happened is (WalReceiveEvent.Warning or WalReceiveEvent.Interrupted))
        {
            context.Terminal.Warn(document.Text);
        }
        else
        {
            Say(context, document);
        }
    }

    private static void Say(CommandContext context, WalReceiveDocument document)
    {
        if (context.Json)
        {
            Documents.Print(context.Terminal, document, WalReceiveJson.Default.WalReceiveDocument);
            context.Terminal.Out.Flush();
        }
        else if (!context.Quiet)
        {
            context.Terminal.Error.WriteLine($"lifeboat: {document.Text}");
        }
    }
}
