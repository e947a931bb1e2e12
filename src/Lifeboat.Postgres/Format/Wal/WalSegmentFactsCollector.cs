using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Goes through one segment and keeps what <see cref="WalSegmentFacts"/> tells.</summary>
internal sealed class WalSegmentFactsCollector(WalSegmentName segment)
{
    private readonly List<WalRestorePoint> _restorePoints = [];
    private readonly List<WalCheckpoint> _checkpoints = [];
    private readonly List<WalTimelineSwitch> _timelines = [];
    private readonly List<WalLevelChange> _levels = [];
    private readonly List<Lsn> _aborted = [];

    private Lsn? _first;
    private Lsn? _last;
    private Lsn? _lastEnd;
    private Lsn? _predecessor;
    private long _records;
    private long _commits;
    private long _aborts;
    private PgTimestamp? _leastCommit;
    private PgTimestamp? _greatestCommit;
    private PgTimestamp? _lastCommit;
    private PgTimestamp? _leastFinish;
    private PgTimestamp? _greatestFinish;
    private Lsn? _lastCommitEnd;
    private PgTimestamp? _least;
    private PgTimestamp? _greatest;
    private TransactionId? _oldest;
    private TransactionId? _newest;

    internal WalSegmentFacts Collect(ReadOnlyMemory<byte> content, bool checkCrc, WalChanges? changes)
    {
        var reader = new WalRecordReader(new WalReaderOptions(checkCrc));
        var whole = content.Length >= segment.Size.Bytes;
        reader.Supply(segment, content[..Math.Min(content.Length, segment.Size.Bytes)]);
        while (reader.TryRead(out var record))
        {
            if (!Take(record))
            {
                return Conclude(
                    reader, WalSegmentEnding.Unreadable, record.Lsn, "the record's body is not what its kind has");
            }

            changes?.Take(record);
        }

        return reader.State switch
        {
            WalReaderState.EndOfWal => Conclude(reader, WalSegmentEnding.EndOfWal, reader.Position, reader.Reason),
            WalReaderState.Unreadable => Conclude(reader, WalSegmentEnding.Unreadable, reader.Position, reader.Reason),
            _ when content.Length > segment.Size.Bytes =>
                Conclude(
                    reader, WalSegmentEnding.Unreadable, segment.End, "bytes follow behind the end of the segment"),
            _ when !whole && reader.Position < segment.End => Conclude(
                reader, WalSegmentEnding.Short, reader.Position, $"only {content.Length} bytes are there"),
            _ => Conclude(
                reader,
                IsUnfinished(reader) ? WalSegmentEnding.ContinuesInNext : WalSegmentEnding.Complete,
                segment.End,
                reason: ""),
        };
    }

    /// <summary>A record that fills the segment from before its beginning to behind its end is nobody's here.</summary>
    private static bool IsUnfinished(WalRecordReader reader) =>
        reader.UnfinishedRecord is not null || reader.IsInHeadFragment;

    /// <returns>False when a record that matters is malformed.</returns>
    private bool Take(in WalRecord record)
    {
        _records++;
        _last = record.Lsn;
        _lastEnd = record.EndLsn;
        if (_first is null)
        {
            _first = record.Lsn;
            _predecessor = record.PrevLsn;
        }

        return record.Rmgr switch
        {
            ResourceManager.Transaction => TakeTransactionEnd(record),
            ResourceManager.Xlog => TakeXlog(record),
            _ => true,
        };
    }

    private bool TakeTransactionEnd(in WalRecord record)
    {
        if (!TransactionEnd.Matches(record))
        {
            return true;
        }

        if (!TransactionEnd.TryParse(record, out var end))
        {
            return false;
        }

        TakeTime(end.Time);
        _leastFinish = Least(_leastFinish, end.Time);
        _greatestFinish = Greatest(_greatestFinish, end.Time);
        if (end.IsCommit)
        {
            _commits++;
            _leastCommit = Least(_leastCommit, end.Time);
            _greatestCommit = Greatest(_greatestCommit, end.Time);
            _lastCommit = end.Time;
            _lastCommitEnd = record.EndLsn;
        }
        else
        {
            _aborts++;
        }

        // A transaction that only sent a message or dropped a replication slot ends without an id.
        if (end.Xid.IsValid)
        {
            _oldest = _oldest is { } oldest && !end.Xid.Precedes(oldest) ? oldest : end.Xid;
            _newest = _newest is { } newest && !newest.Precedes(end.Xid) ? newest : end.Xid;
        }

        return true;
    }

    private bool TakeXlog(in WalRecord record)
    {
        if (WalLevelChange.TryParse(record, out var level) && (_levels.Count == 0 || _levels[^1].Level != level.Level))
        {
            _levels.Add(level);
        }

        switch (record.RmgrInfo)
        {
            case XlogInfo.CheckpointShutdown or XlogInfo.CheckpointOnline:
                if (!WalCheckpoint.TryParse(record, out var checkpoint))
                {
                    return false;
                }

                _checkpoints.Add(checkpoint);
                TakeTime(checkpoint.Time);
                TakeTimeline(record.Lsn, checkpoint.PrevTimeline, checkpoint.Timeline);
                return true;
            case XlogInfo.RestorePoint:
                if (!WalRestorePoint.TryParse(record, out var point))
                {
                    return false;
                }

                _restorePoints.Add(point);
                TakeTime(point.Time);
                return true;
            case XlogInfo.EndOfRecovery:
                if (!WalEndOfRecovery.TryParse(record, out var end))
                {
                    return false;
                }

                TakeTime(end.Time);
                TakeTimeline(record.Lsn, end.PrevTimeline, end.Timeline);
                return true;
            case XlogInfo.OverwriteContrecord:
                if (!WalOverwrittenContrecord.TryParse(record, out var overwritten))
                {
                    return false;
                }

                _aborted.Add(overwritten.Overwritten);
                TakeTime(overwritten.Time);
                return true;
            default:
                return true;
        }
    }

    private void TakeTimeline(Lsn lsn, Timeline from, Timeline to)
    {
        if (from != to)
        {
            _timelines.Add(new WalTimelineSwitch(lsn, from, to));
        }
    }

    private void TakeTime(PgTimestamp time)
    {
        _least = Least(_least, time);
        _greatest = Greatest(_greatest, time);
    }

    private static PgTimestamp Least(PgTimestamp? known, PgTimestamp time) =>
        known is { } least && least <= time ? least : time;

    private static PgTimestamp Greatest(PgTimestamp? known, PgTimestamp time) =>
        known is { } greatest && greatest >= time ? greatest : time;

    private WalSegmentFacts Conclude(WalRecordReader reader, WalSegmentEnding ending, Lsn position, string reason) =>
        new()
    {
        Segment = segment,
        Major = reader.Major,
        SystemIdentifier = reader.SystemIdentifier,
        HeadFragmentLength = reader.HeadFragmentLength,
        FirstRecord = _first,
        LastRecord = _last,
        LastRecordEnd = _lastEnd,
        Predecessor = _predecessor,
        Records = _records,
        UnfinishedRecord = reader.UnfinishedRecord,
        UnfinishedRmgr = reader.UnfinishedRmgr,
        Ending = ending,
        EndPosition = position,
        Reason = reason,
        Commits = _commits,
        Aborts = _aborts,
        LeastCommitTime = _leastCommit,
        GreatestCommitTime = _greatestCommit,
        LastCommitTime = _lastCommit,
        LeastFinishTime = _leastFinish,
        GreatestFinishTime = _greatestFinish,
        LastCommitEnd = _lastCommitEnd,
        LeastTime = _least,
        GreatestTime = _greatest,
        OldestXid = _oldest,
        NewestXid = _newest,
        RestorePoints = _restorePoints,
        Checkpoints = _checkpoints,
        TimelineSwitches = _timelines,
        WalLevels = _levels,
        AbortedRecords = _aborted,
    };
}
