using System.Text.Json.Serialization;
using Lifeboat.Engine.Wal.Receive;

namespace Lifeboat.Cli.Output;

/// <summary>One line of a receiver that tells a program of its work.</summary>
/// <param name="Event">streaming, segmentStored, historyStored, slotCreated, slotDropped, interrupted, warning or stopped.</param>
/// <param name="Lsn">The first position that is not durable.</param>
/// <param name="Segment">What is whole in the archive now.</param>
internal sealed record WalReceiveDocument(
    DateTimeOffset Time,
    string Event,
    string Text,
    uint? Timeline = null,
    string? Lsn = null,
    string? Segment = null)
{
    public static WalReceiveDocument Of(WalReceiveEvent happened, DateTimeOffset time) => happened switch
    {
        WalReceiveEvent.Streaming streaming => new(
            time,
            "streaming",
            $"streaming from {streaming.Server}, timeline {streaming.Timeline}, from {streaming.From}",
            streaming.Timeline.Value,
            streaming.From.ToString()),
        WalReceiveEvent.SegmentStored stored => new(
            time,
            "segmentStored",
            $"archived {stored.Segment}",
            stored.Segment.Timeline.Value,
            stored.Segment.End.ToString(),
            stored.Segment.ToString()),
        WalReceiveEvent.HistoryStored history => new(
            time, "historyStored", $"archived the history of timeline {history.Timeline}", history.Timeline.Value),
        WalReceiveEvent.SlotCreated slot => new(time, "slotCreated", $"created replication slot {slot.Slot}"),
        WalReceiveEvent.Interrupted interrupted => new(
            time,
            "interrupted",
            $"{interrupted.Failure}; trying again in {Quantities.Duration(interrupted.RetryIn)}"),
        WalReceiveEvent.Warning warning => new(time, "warning", warning.Text),
        WalReceiveEvent.Stopped stopped => new(
            time,
            "stopped",
            $"stopped; durable up to {stopped.Durable} on timeline {stopped.Timeline}",
            stopped.Timeline.Value,
            stopped.Durable.ToString()),
        _ => new(time, "warning", happened.ToString()),
    };
}

/// <summary>Each event is a line of its own.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WalReceiveDocument))]
internal sealed partial class WalReceiveJson : JsonSerializerContext;
