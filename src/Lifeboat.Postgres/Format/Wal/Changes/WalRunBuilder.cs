namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>How appending a run ended.</summary>
public enum WalJoint
{
    Joined,

    /// <summary>
    /// The record over the edge cannot be put together from what the summaries keep of it: read it from the segments,
    /// and append again with its changes.
    /// </summary>
    NeedsRecord,

    /// <summary>The run is not what follows: see <see cref="WalRunBuilder.Fault"/>.</summary>
    Broken,
}

/// <summary>
/// Puts runs together, in their order, into one. In whatever groups segments are put together, the result is the same.
/// </summary>
public sealed class WalRunBuilder
{
    private readonly WalChanges _changes = new();
    private readonly WalRunSummary _first;
    private WalRunHead _head;
    private WalRunTail? _tail;
    private Lsn? _firstRecord;
    private Lsn? _predecessor;
    private Lsn? _lastRecord;

    public WalRunBuilder(WalRunSummary first)
    {
        _first = first;
        _head = first.Head;
        _tail = first.Tail;
        (_firstRecord, _predecessor, _lastRecord) = (first.FirstRecord, first.Predecessor, first.LastRecord);
        Last = first.Last;
        Break = first.Break;
        _changes.Append(first.Changes);
    }

    public WalSegmentName Last { get; private set; }

    public WalRunBreak? Break { get; private set; }

    /// <summary>The record that is not finished; null when there is none.</summary>
    public WalRunTail? Tail => _tail;

    /// <summary>Why a run was not taken, as a sentence fragment; empty as long as all were.</summary>
    public string Fault { get; private set; } = "";

    /// <param name="next">The run that begins with the segment behind <see cref="Last"/>.</param>
    /// <param name="edge">
    /// What the record over the edge changes, for whoever has read it from the segments; null to have it put together.
    /// </param>
    public WalJoint TryAppend(WalRunSummary next, EdgeRecord? edge = null)
    {
        if (Break is { } broken)
        {
            return Refuse($"the WAL before cannot be read from {broken.Position} on: {broken.Reason}");
        }

        if (next.First.Number != Last.Number + 1 || next.First.Size != Last.Size || next.First.Timeline < Last.Timeline)
        {
            return Refuse($"segment {next.First} does not follow {Last}");
        }

        if (next.Major != _first.Major || next.SystemIdentifier != _first.SystemIdentifier)
        {
            return Refuse(
                next.Major == 0 && next.Break is { } unreadable
                    ? unreadable.Reason
                    : $"segment {next.First} was written by another server, or another version of it");
        }

        if (_tail is { } tail)
        {
            return AppendBehindTail(tail, next, edge);
        }

        return _head.State == WalHeadState.GoesOn ? AppendToHead(next) : AppendBehindRecord(next);
    }

    /// <summary>All that was appended, as one run. The builder goes on to be usable.</summary>
    public WalRunSummary ToSummary()
    {
        var changes = new WalChanges();
        changes.Append(_changes);
        return _first with
        {
            Last = Last,
            Head = _head,
            Tail = _tail,
            FirstRecord = _firstRecord,
            Predecessor = _predecessor,
            LastRecord = _lastRecord,
            Break = Break,
            Changes = changes,
        };
    }

    private WalJoint AppendBehindRecord(WalRunSummary next) =>
        next.Head.State is WalHeadState.None or WalHeadState.Aborted
            ? AppendRecords(next)
            : Refuse($"segment {next.First} continues a record, and none is unfinished before it");

    /// <summary>Everything so far belongs to a record from before the run.</summary>
    private WalJoint AppendToHead(WalRunSummary next)
    {
        if (next.Head.State == WalHeadState.Aborted)
        {
            return Commit(next, _head with { State = WalHeadState.Aborted, Bytes = WalFragment.Empty }, next.Tail);
        }

        return _head.Declared - _head.Bytes.Length == next.Head.Declared && next.Head.State != WalHeadState.None
            ? Commit(
                next,
                _head with { State = next.Head.State, Bytes = _head.Bytes.Then(next.Head.Bytes) },
                next.Tail)
            : Refuse($"segment {next.First} does not continue the record that is unfinished before it");
    }

    private WalJoint AppendBehindTail(WalRunTail tail, WalRunSummary next, EdgeRecord? edge)
    {
        var lacks = tail.Total - tail.Bytes.Length;
        if (next.Head.State == WalHeadState.Aborted && (next.Head.Declared == 0 || next.Head.Declared == lacks))
        {
            return AppendRecords(next);
        }

        if (next.Head.State == WalHeadState.None || next.Head.Declared != lacks)
        {
            return Refuse($"segment {next.First} does not continue the record of {tail.Lsn}");
        }

        if (next.Head.State == WalHeadState.GoesOn)
        {
            return Commit(next, _head, tail with { Bytes = tail.Bytes.Then(next.Head.Bytes) });
        }

        if (edge is null)
        {
            var (stitched, joint, fault) = EdgeRecord.Stitch(tail, next.Head.Bytes, _first.Major);
            if (stitched is null)
            {
                return joint == WalJoint.Broken ? Refuse($"the record of {tail.Lsn}: {fault}") : joint;
            }

            edge = stitched;
        }

        if (edge.Lsn != tail.Lsn || (_lastRecord is { } last && edge.Previous != last))
        {
            return Refuse(
                $"the record of {edge.Lsn} names {edge.Previous} as its predecessor, which is at {_lastRecord}");
        }

        if (next.Predecessor is { } previous && previous != tail.Lsn)
        {
            return Refuse(
                $"the first record of {next.First} names {previous} as its predecessor, which is at {tail.Lsn}");
        }

        _firstRecord ??= edge.Lsn;
        _predecessor ??= edge.Previous;
        _lastRecord = edge.Lsn;
        _changes.Append(edge.Changes);
        return AppendRecords(next);
    }

    private WalJoint AppendRecords(WalRunSummary next)
    {
        // Of a record that was aborted nobody is the predecessor.
        return _lastRecord is { } last && next.Predecessor is { } previous && previous != last
            ? Refuse($"the first record of {next.First} names {previous} as its predecessor, which is at {last}")
            : Commit(next, _head, next.Tail);
    }

    private WalJoint Commit(WalRunSummary next, WalRunHead head, WalRunTail? tail)
    {
        _head = head;
        _tail = tail;
        if (_firstRecord is null)
        {
            (_firstRecord, _predecessor) = (next.FirstRecord, next.Predecessor);
        }

        _lastRecord = next.LastRecord ?? _lastRecord;
        _changes.Append(next.Changes);
        Last = next.Last;
        Break = next.Break;
        return WalJoint.Joined;
    }

    private WalJoint Refuse(string fault)
    {
        Fault = fault;
        return WalJoint.Broken;
    }
}
