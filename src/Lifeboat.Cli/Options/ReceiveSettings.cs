using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Cli.Options;

/// <summary>The options of a receiver, alone or within a service.</summary>
internal static class ReceiveSettings
{
    private const int MostMilliseconds = 3_600_000;

    public static readonly Setting Slot = new(
        "slot", "NAME", "The physical replication slot that keeps WAL for this receiver", Default: "lifeboat");

    public static readonly Setting CreateSlot = Setting.Flag(
        "create-slot", "Make the slot when the server has none of this name");

    public static readonly Setting SlotLimit = new(
        "slot-limit", "MB", "Warn when the slot makes the server keep more WAL than this");

    public static readonly Setting Synchronous = Setting.Flag(
        "synchronous", "Clients wait for this receiver (synchronous_standby_names): make every position durable at once");

    public static readonly Setting FlushInterval = new(
        "flush-interval", "MS", "How long WAL may wait for more, in milliseconds", Default: "200");

    /// <summary>All of them, for a command's list.</summary>
    public static readonly IReadOnlyList<Setting> All =
        [CommonSettings.Connection, Slot, CreateSlot, SlotLimit, Synchronous, FlushInterval];

    /// <summary>Reads them at once, so that a mistake is told before anything is opened.</summary>
    /// <returns>What they ask for, once the cluster is open; the rest is the caller's.</returns>
    /// <exception cref="Platform.Errors.LifeboatException">Usage.</exception>
    public static Func<Cluster, WalReceiveRequest> Read(Settings settings, IFileSystem files)
    {
        var connection = ServerConnection.Read(settings, CommonSettings.Connection);
        var slot = ReadSlot(settings);
        var interval = TimeSpan.FromMilliseconds(settings.Integer(FlushInterval, 0, MostMilliseconds)!.Value);
        var limit = settings.Integer(SlotLimit, 1, int.MaxValue) * 1_000_000L;
        return cluster => new WalReceiveRequest
        {
            Cluster = cluster,
            ConnInfo = connection,
            Slot = slot,
            CreateSlot = settings.Flag(CreateSlot),
            Synchronous = settings.Flag(Synchronous),
            FlushInterval = interval,
            ClusterDirectory = settings.Path(CommonSettings.ClusterDirectory),
            SlotLimit = limit,
            Files = files,
        };
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
}
