namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Finds where PostgreSQL would end a recovery to a target, from the records that it would replay, fed in their order.
/// </summary>
/// <remarks>
/// As recoveryStopsBefore and recoveryStopsAfter in xlogrecovery.c decide, the same from 13 to 18:
/// <list type="bullet">
/// <item>A time is compared with commits and aborts only, prepared ones included. Recovery ends before the first one
/// later
/// than it (not earlier than it, when exclusive), in the order of the WAL: commit times are not monotonic, so
/// transactions that are early enough can be left out behind that one.</item>
/// <item>A transaction id is compared for equality with the top-level transaction that ends; of a prepared one that is
/// the
/// id it was prepared under.</item>
/// <item>Of restore points with one name the first ends recovery, and is replayed.</item>
/// <item>A position is compared with where records begin.</item>
/// </list>
/// A target that lies before the first record that is replayed cannot be seen here: feed from the backup's redo
/// position.
/// </remarks>
public sealed class RecoveryScan(RecoveryTarget target)
{
    /// <summary>Where recovery ends; null as long as no record fed ends it.</summary>
    public RecoveryStop? Stop { get; private set; }

    /// <summary>The last commit that is replayed, in the order of the WAL; null when none is.</summary>
    public ReplayedEnd? LastCommit { get; private set; }

    /// <summary>The latest time of the commits and aborts that are replayed; null when there are none.</summary>
    public PgTimestamp? GreatestTime { get; private set; }

    /// <summary>
    /// The time of the last commit or abort that is replayed, in the order of the WAL: what PostgreSQL logs as the last
    /// completed transaction's log time, and pg_last_xact_replay_timestamp() gives. Null when there are none.
    /// </summary>
    public PgTimestamp? LastTime { get; private set; }

    /// <summary>Where the last record that is replayed ends; zero when none is.</summary>
    public Lsn ReplayEnd { get; private set; }

    /// <summary>Commits that are replayed.</summary>
    public long Commits { get; private set; }

    /// <summary>
    /// The first commit, abort or restore point that could not be taken apart, which no target can match.
    /// </summary>
    public Lsn? FirstMalformed { get; private set; }

    /// <summary>Takes the next record.</summary>
    /// <returns>True when recovery ends at this one, or has ended before.</returns>
    public bool Feed(in WalRecord record)
    {
        if (Stop is not null)
        {
            return true;
        }

        if (target is RecoveryTarget.AtLsn { } position && record.Lsn >= position.Lsn)
        {
            return position.Inclusive
                ? StopAfter(record, time: null, xid: null, name: null)
                : StopBefore(record, time: null, xid: null);
        }

        if (TransactionEnd.Matches(record))
        {
            return FeedTransactionEnd(record);
        }

        ReplayEnd = record.EndLsn;
        return target is RecoveryTarget.AtName && WalRestorePoint.Matches(record) && FeedRestorePoint(record);
    }

    private bool FeedTransactionEnd(in WalRecord record)
    {
        if (!TransactionEnd.TryParse(record, out var end))
        {
            FirstMalformed ??= record.Lsn;
            ReplayEnd = record.EndLsn;
            return false;
        }

        var isBefore = target switch
        {
            RecoveryTarget.AtTime at => at.Inclusive ? end.Time > at.Time : end.Time >= at.Time,
            RecoveryTarget.AtXid at => !at.Inclusive && end.Xid == at.Xid,
            _ => false,
        };
        if (isBefore)
        {
            return StopBefore(record, end.Time, end.Xid, end.IsCommit);
        }

        Replay(record, end);
        return target is RecoveryTarget.AtXid { Inclusive: true } that && end.Xid == that.Xid
            && StopAfter(record, end.Time, end.Xid, name: null, end.IsCommit);
    }

    private bool FeedRestorePoint(in WalRecord record)
    {
        if (!WalRestorePoint.TryParse(record, out var point))
        {
            FirstMalformed ??= record.Lsn;
            return false;
        }

        return string.Equals(point.Name, ((RecoveryTarget.AtName)target).Name, StringComparison.Ordinal)
            && StopAfter(record, point.Time, xid: null, point.Name);
    }

    private void Replay(in WalRecord record, in TransactionEnd end)
    {
        ReplayEnd = record.EndLsn;
        LastTime = end.Time;
        GreatestTime = GreatestTime is { } greatest && greatest >= end.Time ? greatest : end.Time;
        if (end.IsCommit)
        {
            Commits++;
            LastCommit = new ReplayedEnd(end.Xid, end.Time, record.Lsn, record.EndLsn);
        }
    }

    private bool StopBefore(in WalRecord record, PgTimestamp? time, TransactionId? xid, bool? commits = null)
    {
        Stop = new RecoveryStop(record.Lsn, record.EndLsn, Replays: false, time, xid, Name: null)
        {
            IsCommit = commits,
        };
        return true;
    }

    private bool StopAfter(
        in WalRecord record, PgTimestamp? time, TransactionId? xid, string? name, bool? commits = null)
    {
        Stop = new RecoveryStop(record.Lsn, record.EndLsn, Replays: true, time, xid, name) { IsCommit = commits };
        ReplayEnd = record.EndLsn;
        return true;
    }
}
