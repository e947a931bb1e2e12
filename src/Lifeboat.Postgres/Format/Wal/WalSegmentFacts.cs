using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>How a segment's content ends.</summary>
public enum WalSegmentEnding
{
    /// <summary>The last record ends with the segment, or a segment switch ended it.</summary>
    Complete,

    /// <summary>The last record goes on in the next segment.</summary>
    ContinuesInNext,

    /// <summary>The content is shorter than a segment, and good as far as it goes.</summary>
    Short,

    /// <summary>Nothing was written behind <see cref="WalSegmentFacts.EndPosition"/>: not a finished segment.</summary>
    EndOfWal,

    /// <summary>Not WAL from <see cref="WalSegmentFacts.EndPosition"/> on.</summary>
    Unreadable,
}

/// <summary>A timeline that begins in a segment.</summary>
/// <param name="Lsn">The record that tells: a promotion's end of recovery, or the checkpoint in its place.</param>
public readonly record struct WalTimelineSwitch(Lsn Lsn, Timeline From, Timeline To);

/// <summary>
/// What one segment tells by its own content alone: by the records that begin and end in it. A record over the edge
/// counts
/// in neither segment; <see cref="HeadFragmentLength"/> and <see cref="UnfinishedRecord"/> say that there is one.
/// </summary>
public sealed record WalSegmentFacts
{
    public required WalSegmentName Segment { get; init; }

    /// <summary>The major version that wrote it; 0 when not even the first page could be read.</summary>
    public required int Major { get; init; }

    public required ulong SystemIdentifier { get; init; }

    /// <summary>Bytes at its head of a record that began earlier.</summary>
    public required long HeadFragmentLength { get; init; }

    /// <summary>Where the first record that is whole here begins; null when none is.</summary>
    public required Lsn? FirstRecord { get; init; }

    /// <summary>Where the last record that is whole here begins.</summary>
    public required Lsn? LastRecord { get; init; }

    /// <summary>Where that last record ends.</summary>
    public required Lsn? LastRecordEnd { get; init; }

    /// <summary>The record before <see cref="FirstRecord"/>: what the segment before has to end with.</summary>
    public required Lsn? Predecessor { get; init; }

    /// <summary>How many records are whole here.</summary>
    public required long Records { get; init; }

    /// <summary>Where the record begins that is not finished here.</summary>
    public required Lsn? UnfinishedRecord { get; init; }

    /// <summary>Its resource manager, when enough of it stands here to tell.</summary>
    public required ResourceManager? UnfinishedRmgr { get; init; }

    public required WalSegmentEnding Ending { get; init; }

    /// <summary>The first position without a readable record; the end of the segment when all of it is good.</summary>
    public required Lsn EndPosition { get; init; }

    /// <summary>Why reading ended before the segment did, as a sentence fragment; else empty.</summary>
    public required string Reason { get; init; }

    /// <summary>Transactions committed, prepared ones included.</summary>
    public required long Commits { get; init; }

    /// <summary>Transactions aborted, prepared ones included.</summary>
    public required long Aborts { get; init; }

    /// <summary>Commit times do not rise with the LSN: the least is not the first.</summary>
    public required PgTimestamp? LeastCommitTime { get; init; }

    public required PgTimestamp? GreatestCommitTime { get; init; }

    /// <summary>Of the last commit in the order of the WAL.</summary>
    public required PgTimestamp? LastCommitTime { get; init; }

    /// <summary>The least time of a commit or abort, prepared ones included: what a recovery to a time compares.</summary>
    public required PgTimestamp? LeastFinishTime { get; init; }

    /// <summary>The greatest time of a commit or abort.</summary>
    public required PgTimestamp? GreatestFinishTime { get; init; }

    /// <summary>Where the last commit's record ends.</summary>
    public required Lsn? LastCommitEnd { get; init; }

    /// <summary>
    /// The least time that anything in it carries: commits, aborts, checkpoints, restore points, ends of recovery.
    /// What a
    /// recovery to a time compares is only commits and aborts.
    /// </summary>
    public required PgTimestamp? LeastTime { get; init; }

    public required PgTimestamp? GreatestTime { get; init; }

    /// <summary>The oldest of the transactions that end here, by the circular order of ids.</summary>
    public required TransactionId? OldestXid { get; init; }

    public required TransactionId? NewestXid { get; init; }

    public required IReadOnlyList<WalRestorePoint> RestorePoints { get; init; }

    public required IReadOnlyList<WalCheckpoint> Checkpoints { get; init; }

    public required IReadOnlyList<WalTimelineSwitch> TimelineSwitches { get; init; }

    /// <summary>Records that tell wal_level, in order, only where the level told differs from the one before.</summary>
    public required IReadOnlyList<WalLevelChange> WalLevels { get; init; }

    /// <summary>
    /// Records that a crash left unfinished, told by what stands here in place of their continuation.
    /// </summary>
    public required IReadOnlyList<Lsn> AbortedRecords { get; init; }

    public bool ContinuesInNext => Ending == WalSegmentEnding.ContinuesInNext;

    /// <summary>Reads the segment through. Never throws for any content.</summary>
    /// <param name="segment">The name it goes by.</param>
    /// <param name="content">From its first byte: the whole segment, or as much of it as there is.</param>
    /// <param name="checkCrc">Whether every record's CRC is compared.</param>
    public static WalSegmentFacts Collect(
        WalSegmentName segment, ReadOnlyMemory<byte> content, bool checkCrc = true) =>
        Collect(segment, content, checkCrc, changes: null);

    /// <inheritdoc cref="Collect(WalSegmentName, ReadOnlyMemory{byte}, bool)"/>
    /// <param name="changes">Takes every record too, so that one reading serves both; null for none.</param>
    internal static WalSegmentFacts Collect(
        WalSegmentName segment, ReadOnlyMemory<byte> content, bool checkCrc, WalChanges? changes) =>
        new WalSegmentFactsCollector(segment).Collect(content, checkCrc, changes);
}
