using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>What a receiver tells of its work: a closed set.</summary>
public abstract record WalReceiveEvent
{
    private WalReceiveEvent()
    {
    }

    /// <summary>The stream began.</summary>
    /// <param name="From">The first position that is not durable in the repository.</param>
    public sealed record Streaming(string Server, Timeline Timeline, Lsn From) : WalReceiveEvent;

    /// <summary>A segment is whole in the archive.</summary>
    public sealed record SegmentStored(WalSegmentName Segment) : WalReceiveEvent;

    /// <summary>A timeline's history is archived.</summary>
    public sealed record HistoryStored(Timeline Timeline) : WalReceiveEvent;

    /// <summary>The slot was made.</summary>
    public sealed record SlotCreated(string Slot) : WalReceiveEvent;

    /// <summary>The stream was lost, or could not begin; it is tried again.</summary>
    public sealed record Interrupted(Failure Failure, TimeSpan RetryIn) : WalReceiveEvent;

    /// <summary>Something that a person should look at; the receiver goes on.</summary>
    public sealed record Warning(string Text) : WalReceiveEvent;

    /// <summary>It was told to end, and everything that had come is durable.</summary>
    public sealed record Stopped(Timeline Timeline, Lsn Durable) : WalReceiveEvent;
}
