namespace Lifeboat.Postgres.Format.Control;

/// <summary>The latest checkpoint, as pg_control repeats it (struct CheckPoint, pg_control.h).</summary>
public sealed record CheckPointCopy
{
    /// <summary>Where replay from this checkpoint begins.</summary>
    public required Lsn Redo { get; init; }

    public required Timeline Timeline { get; init; }

    /// <summary>Another timeline only when this checkpoint began a new one.</summary>
    public required Timeline PrevTimeline { get; init; }

    public required bool FullPageWrites { get; init; }

    /// <summary>The WAL level at the checkpoint (17 and later); null where it is not told.</summary>
    public required WalLevel? WalLevel { get; init; }

    /// <summary>The next transaction id with its epoch in the upper 32 bits.</summary>
    public required ulong NextXid { get; init; }

    public required uint NextOid { get; init; }

    public required uint NextMulti { get; init; }

    public required uint NextMultiOffset { get; init; }

    public required uint OldestXid { get; init; }

    public required uint OldestMulti { get; init; }

    /// <summary>When the checkpoint began.</summary>
    public required DateTimeOffset Time { get; init; }

    public required uint OldestActiveXid { get; init; }
}
