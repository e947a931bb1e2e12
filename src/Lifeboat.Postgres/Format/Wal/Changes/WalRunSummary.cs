using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>What the first bytes of a run belong to.</summary>
public enum WalHeadState
{
    /// <summary>A record begins with the run.</summary>
    None = 0,

    /// <summary>A record from before ends in the run.</summary>
    Ends = 1,

    /// <summary>The whole run belongs to one record from before, and that goes on behind it.</summary>
    GoesOn = 2,

    /// <summary>
    /// A record from before was never finished: a crash lost the rest, and others stand in its place.
    /// </summary>
    Aborted = 3,
}

/// <summary>The part of a record that began before the run.</summary>
/// <param name="Declared">Bytes that the record still lacks at the run's beginning; 0 when none is told.</param>
/// <param name="Bytes">Those of them that are in the run; empty for a record that was aborted.</param>
public sealed record WalRunHead(WalHeadState State, long Declared, WalFragment Bytes)
{
    public static readonly WalRunHead None = new(WalHeadState.None, 0, WalFragment.Empty);
}

/// <summary>The part of a record that is not finished at the run's end.</summary>
/// <param name="Lsn">Where the record begins.</param>
/// <param name="Total">Its length in bytes, as it claims.</param>
public sealed record WalRunTail(Lsn Lsn, uint Total, WalFragment Bytes);

/// <summary>From where on a run cannot be read, and why.</summary>
/// <param name="Reason">A sentence fragment.</param>
public sealed record WalRunBreak(Lsn Position, string Reason);

/// <summary>
/// What consecutive segments say of changes: of the records that begin and end in them, and the parts of those that do
/// not, so that runs can be put together (<see cref="WalRunBuilder"/>).
/// </summary>
public sealed record WalRunSummary
{
    /// <summary>The first segment. Its timeline may be older than the last one's.</summary>
    public required WalSegmentName First { get; init; }

    public required WalSegmentName Last { get; init; }

    /// <summary>The major version that wrote it; 0 when not even the first page could be read.</summary>
    public required int Major { get; init; }

    public required ulong SystemIdentifier { get; init; }

    public required WalRunHead Head { get; init; }

    /// <summary>Null when the last record ends with the run.</summary>
    public required WalRunTail? Tail { get; init; }

    /// <summary>The first record that begins and ends in the run; null when none does.</summary>
    public required Lsn? FirstRecord { get; init; }

    /// <summary>The record before it, as it says.</summary>
    public required Lsn? Predecessor { get; init; }

    /// <summary>The last record that begins and ends in the run.</summary>
    public required Lsn? LastRecord { get; init; }

    /// <summary>Null when the run can be read to its end.</summary>
    public required WalRunBreak? Break { get; init; }

    /// <summary>Of the records that begin and end in the run.</summary>
    public required WalChanges Changes { get; init; }

    /// <summary>Reads a segment through, once. Never throws for any content.</summary>
    public static WalRunSummary Of(WalSegmentName segment, ReadOnlyMemory<byte> content) =>
        Of(segment, content, out _);

    /// <inheritdoc cref="Of(WalSegmentName, ReadOnlyMemory{byte})"/>
    /// <param name="facts">What the same reading tells else.</param>
    public static WalRunSummary Of(WalSegmentName segment, ReadOnlyMemory<byte> content, out WalSegmentFacts facts)
    {
        var changes = new WalChanges();
        facts = WalSegmentFacts.Collect(segment, content, checkCrc: true, changes);
        var goesOn = facts.Ending == WalSegmentEnding.ContinuesInNext && facts.UnfinishedRecord is null;
        var head = HeadOf(facts.Major, facts.HeadFragmentLength, goesOn, content.Span);
        var isWhole = facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext;
        return new WalRunSummary
        {
            First = segment,
            Last = segment,
            Major = facts.Major,
            SystemIdentifier = facts.SystemIdentifier,
            Head = head,
            Tail = isWhole && facts.UnfinishedRecord is { } start ? TailOf(segment, content.Span, start) : null,
            FirstRecord = facts.FirstRecord,
            Predecessor = facts.Predecessor,
            LastRecord = facts.LastRecord,
            Break = isWhole ? null : new WalRunBreak(facts.EndPosition, facts.Reason),
            Changes = changes,
        };
    }

    /// <summary>
    /// Reads a part of a segment: the changes are those of records that begin at <paramref name="from"/> or behind and
    /// before <paramref name="to"/>, and what lies at and behind that does not matter, be it torn.
    /// </summary>
    /// <param name="durable">
    /// What was flushed: a record that begins before <paramref name="to"/> and ends behind this is a break, since it
    /// may never have been.
    /// </param>
    public static WalRunSummary Of(
        WalSegmentName segment, ReadOnlyMemory<byte> content, Lsn from, Lsn to, Lsn durable)
    {
        var changes = new WalChanges();
        var reader = new WalRecordReader();
        (Lsn? First, Lsn? Predecessor, Lsn? Last) records = default;
        WalRunBreak? broken = null;
        var reached = false;
        reader.Supply(segment, content);
        while (!reached && broken is null && reader.TryRead(out var record))
        {
            reached = record.Lsn >= to;
            if (!reached && !record.IsSegmentSwitch && record.EndLsn > durable)
            {
                broken = new WalRunBreak(record.Lsn, $"the record ends behind {durable}, up to which WAL is flushed");
            }
            else if (!reached)
            {
                records = records.First is null
                    ? (record.Lsn, record.PrevLsn, record.Lsn)
                    : (records.First, records.Predecessor, record.Lsn);
                if (record.Lsn >= from)
                {
                    changes.Take(record);
                }
            }
        }

        reached |= IsUpTo(reader.Position, to);
        if (!reached && broken is null && (reader.State != WalReaderState.NeedsMore || reader.Position < segment.End))
        {
            broken = new WalRunBreak(
                reader.Position, reader.Reason.Length > 0 ? reader.Reason : $"only {content.Length} bytes are there");
        }

        var unfinished = reader.State == WalReaderState.NeedsMore && broken is null && reader.Position >= segment.End
            ? reader.UnfinishedRecord
            : null;
        return new WalRunSummary
        {
            First = segment,
            Last = segment,
            Major = reader.Major,
            SystemIdentifier = reader.SystemIdentifier,
            Head = HeadOf(reader.Major, reader.HeadFragmentLength, reader.IsInHeadFragment, content.Span),
            Tail = unfinished is { } start && start < to ? TailOf(segment, content.Span, start) : null,
            FirstRecord = records.First,
            Predecessor = records.Predecessor,
            LastRecord = records.Last,
            Break = broken,
            Changes = changes,
        };
    }

    /// <summary>Between the two may lie the header of the page that the next record opens.</summary>
    private static bool IsUpTo(Lsn position, Lsn to) => position >= to
        || (position.Value % WalPageHeader.PageSize == 0 && to - position <= WalPageHeader.LongLength);

    private static WalRunHead HeadOf(int major, long headLength, bool goesOn, ReadOnlySpan<byte> content)
    {
        if (major == 0 || content.Length < WalPageHeader.PageSize)
        {
            return WalRunHead.None;
        }

        var page = WalPageHeader.Read(content);
        if (page.OverwritesContinuation)
        {
            return new WalRunHead(WalHeadState.Aborted, 0, WalFragment.Empty);
        }

        if (!page.BeginsWithContinuation)
        {
            return WalRunHead.None;
        }

        var ends = headLength == page.RemainingLength;
        return !ends && !goesOn
            ? new WalRunHead(WalHeadState.Aborted, page.RemainingLength, WalFragment.Empty)
            : new WalRunHead(
                ends ? WalHeadState.Ends : WalHeadState.GoesOn,
                page.RemainingLength,
                WalFragment.Gather(content, 0, headLength));
    }

    private static WalRunTail TailOf(WalSegmentName segment, ReadOnlySpan<byte> content, Lsn start)
    {
        var offset = (int)(start - segment.Start);
        // A record begins at a multiple of 8 bytes, so that its length always stands before the page's end.
        var total = BinaryPrimitives.ReadUInt32LittleEndian(content[offset..]);
        return new WalRunTail(start, total, WalFragment.Gather(content, offset, total));
    }
}
