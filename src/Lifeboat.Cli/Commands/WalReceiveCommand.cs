using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Server.Replication;

namespace Lifeboat.Cli.Commands;

internal static class WalReceiveCommand
{
    private const int MostCompression = 19;
    private const int MostMilliseconds = 3_600_000;

    private static readonly Setting Connection = new(
        "connection", "CONNINFO", "How to reach the server, as psql takes it; without it, PG* or DATABASE_URL");

    private static readonly Setting Slot = new(
        "slot", "NAME", "The physical replication slot that keeps WAL for this receiver", Default: "lifeboat");

    private static readonly Setting CreateSlot = Setting.Flag(
        "create-slot", "Make the slot when the server has none of this name");

    private static readonly Setting DropSlot = Setting.Flag(
        "drop-slot", "Remove the slot and end: the server keeps no WAL for it any more");

    private static readonly Setting SlotLimit = new(
        "slot-limit", "MB", "Warn when the slot makes the server keep more WAL than this");

    private static readonly Setting Synchronous = Setting.Flag(
        "synchronous", "Clients wait for this receiver (synchronous_standby_names): make every position durable at once");

    private static readonly Setting FlushInterval = new(
        "flush-interval", "MS", "How long WAL may wait for more, in milliseconds", Default: "200");

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
            Connection, Slot, CreateSlot, DropSlot, SlotLimit, Synchronous, FlushInterval, CommonSettings.ClusterDirectory,
            Lineage, SkipMissing, CompressionLevel,
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
        var connection = ServerConnection.Read(settings, Connection);
        var slot = ReadSlot(settings);
        var level = settings.Integer(CompressionLevel, 1, MostCompression)!.Value;
        var interval = settings.Integer(FlushInterval, 0, MostMilliseconds)!.Value;
        long? limit = settings.Integer(SlotLimit, 1, int.MaxValue);
        foreach (var warning in connection.Warnings)
        {
            context.Terminal.Warn(warning);
        }

        var cluster = await context.OpenOrCreateClusterAsync(cancellationToken);
        var request = new WalReceiveRequest
        {
            Cluster = cluster,
            ConnInfo = connection,
            Slot = slot,
            CreateSlot = settings.Flag(CreateSlot),
            Synchronous = settings.Flag(Synchronous),
            FlushInterval = TimeSpan.FromMilliseconds(interval),
            ClusterDirectory = settings.Path(CommonSettings.ClusterDirectory),
            Lineage = await LineageSetting.FindAsync(cluster, settings.Text(Lineage), cancellationToken),
            SlotLimit = limit * 1_000_000,
            SkipMissing = settings.Flag(SkipMissing),
            CompressionLevel = level,
            Files = context.Files,
            Time = context.Time,
            Report = happened => Tell(context, happened),
        };
        if (settings.Flag(DropSlot))
        {
            await WalReceiver.DropSlotAsync(request, cancellationToken);
            Say(context, new WalReceiveDocument(
                context.Time.GetUtcNow(), "slotDropped", $"dropped replication slot {slot}"));
            return ExitCodes.Done;
        }

        await WalReceiver.RunAsync(request, cancellationToken);
        return ExitCodes.Done;
    }

    private static SlotName ReadSlot(Settings settings)
    {
        var value = settings.Find(Slot)!;
        return SlotName.TryParse(value.Text, out var slot)
            ? slot
            : throw SettingReading.Wrong(
                value,
                "no slot can have this name",
                "Give 1 to 63 lower-case letters, digits and underscores.");
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
