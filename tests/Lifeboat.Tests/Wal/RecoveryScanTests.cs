using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class RecoveryScanTests
{
    private readonly WalBuilder _wal = new();

    private RecoveryScan Scan(RecoveryTarget target) => Scan(target, _wal.Segments);

    private static RecoveryScan Scan(
        RecoveryTarget target, IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var scan = new RecoveryScan(target);
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                if (scan.Feed(record))
                {
                    return scan;
                }
            }
        }

        return scan;
    }

    private static RecoveryTarget At(long time, bool inclusive = true) =>
        new RecoveryTarget.AtTime(new PgTimestamp(time), inclusive);

    [Fact]
    public void A_time_ends_before_the_first_later_commit_in_the_order_of_the_WAL()
    {
        _wal.Commit(10, 100);
        var kept = _wal.Commit(11, 200);
        var stop = _wal.Commit(12, 300);
        _wal.Commit(13, 150);

        var scan = Scan(At(200));

        Assert.Equal((stop, false), (scan.Stop!.Lsn, scan.Stop.Replays));
        Assert.Equal((300, 12u), (scan.Stop.Time!.Value.Microseconds, scan.Stop.Xid!.Value.Value));
        Assert.Equal((kept, 2L), (scan.LastCommit!.Value.Lsn, scan.Commits));
        Assert.Equal(stop, scan.Stop.ReplayEnd);
        Assert.Equal(scan.LastCommit.Value.EndLsn, scan.ReplayEnd);
    }

    [Fact]
    public void Exclusive_ends_before_the_first_commit_at_exactly_that_time()
    {
        _wal.Commit(10, 100);
        var stop = _wal.Commit(11, 200);
        _wal.Commit(12, 200);

        Assert.Equal(stop, Scan(At(200, inclusive: false)).Stop!.Lsn);
        Assert.Null(Scan(At(200)).Stop);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void Aborts_and_ends_of_prepared_transactions_end_a_time_too(bool commit, bool prepared)
    {
        _wal.Commit(10, 100);
        var stop = (commit, prepared) switch
        {
            (true, false) => _wal.Commit(11, 500),
            (false, false) => _wal.Abort(11, 500),
            _ => _wal.EndPrepared(commit, 11, 500, ownXid: 12),
        };

        var scan = Scan(At(200));

        Assert.Equal(stop, scan.Stop!.Lsn);
        Assert.Equal(11u, scan.Stop.Xid!.Value.Value);
    }

    [Fact]
    public void A_restore_points_time_ends_nothing()
    {
        _wal.Commit(10, 100);
        _wal.RestorePoint("late", 5_000);
        _wal.Commit(11, 150);

        var scan = Scan(At(200));

        Assert.Null(scan.Stop);
        Assert.Equal(2, scan.Commits);
        Assert.Equal(150, scan.GreatestTime!.Value.Microseconds);
    }

    [Fact]
    public void A_transaction_ends_at_its_own_end_inclusive_or_not_and_never_at_a_greater_id()
    {
        _wal.Commit(10, 100);
        _wal.Commit(15, 110);
        var lsn = _wal.Commit(12, 120);
        _wal.Commit(13, 130);

        var after = Scan(new RecoveryTarget.AtXid(new TransactionId(12)));
        var before = Scan(new RecoveryTarget.AtXid(new TransactionId(12), Inclusive: false));

        Assert.Equal((lsn, true, 3L), (after.Stop!.Lsn, after.Stop.Replays, after.Commits));
        Assert.Equal(after.Stop.EndLsn, after.ReplayEnd);
        Assert.Equal((lsn, false, 2L), (before.Stop!.Lsn, before.Stop.Replays, before.Commits));
        Assert.Null(Scan(new RecoveryTarget.AtXid(new TransactionId(14))).Stop);
    }

    [Fact]
    public void A_prepared_transaction_is_found_by_its_own_id_and_not_by_that_of_who_ended_it()
    {
        var lsn = _wal.EndPrepared(commit: true, xid: 20, time: 100, ownXid: 21);
        _wal.Commit(22, 110);

        Assert.Equal(lsn, Scan(new RecoveryTarget.AtXid(new TransactionId(20))).Stop!.Lsn);
        Assert.Null(Scan(new RecoveryTarget.AtXid(new TransactionId(21))).Stop);
    }

    [Fact]
    public void Of_restore_points_with_one_name_the_first_ends_recovery_and_is_replayed()
    {
        _wal.RestorePoint("other", 1);
        var first = _wal.RestorePoint("wanted", 2);
        _wal.RestorePoint("wanted", 3);

        var scan = Scan(new RecoveryTarget.AtName("wanted"));

        Assert.Equal((first, true, "wanted"), (scan.Stop!.Lsn, scan.Stop.Replays, scan.Stop.Name));
        Assert.Equal(new PgTimestamp(2), scan.Stop.Time);
        Assert.Equal(scan.Stop.EndLsn, scan.ReplayEnd);
    }

    [Fact]
    public void A_position_ends_at_the_first_record_that_begins_there_or_behind()
    {
        var first = _wal.Commit(10, 1);
        var second = _wal.Commit(11, 2);
        _wal.Commit(12, 3);

        var after = Scan(new RecoveryTarget.AtLsn(second));
        var between = Scan(new RecoveryTarget.AtLsn(first + 1));
        var before = Scan(new RecoveryTarget.AtLsn(second, Inclusive: false));

        Assert.Equal((second, true), (after.Stop!.Lsn, after.Stop.Replays));
        Assert.Equal(second, between.Stop!.Lsn);
        Assert.Equal((second, false, second), (before.Stop!.Lsn, before.Stop.Replays, before.ReplayEnd));
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void On_real_WAL_the_prepared_transaction_and_every_commit_time_are_found(int major)
    {
        var segments = WalFixtures.Segments(major);
        var kept = Scan(
            new RecoveryTarget.AtXid(new TransactionId(uint.Parse(WalFixtures.Fact(major, "kept_xid")))), segments);
        var named = Scan(new RecoveryTarget.AtName("twice"), segments);
        var latest = Scan(new RecoveryTarget.Latest(), segments);

        Assert.Contains(
            $"COMMIT_PREPARED {kept.Stop!.Xid}: ",
            WalFixtures.Waldump(major, 1).Single(
                l => l.Contains($"lsn: 0/{kept.Stop.Lsn.Value:X8},", StringComparison.Ordinal)));
        Assert.Contains(
            "RESTORE_POINT twice",
            WalFixtures.Waldump(major, 1).First(l => l.Contains("RESTORE_POINT twice", StringComparison.Ordinal)));
        Assert.True(named.Stop!.Replays && named.Commits < latest.Commits);
        Assert.Null(latest.Stop);
        Assert.Equal(
            WalFixtures.Waldump(major, 1).Count(l => l.Contains("desc: COMMIT", StringComparison.Ordinal)),
            latest.Commits);

        var exactly = Scan(new RecoveryTarget.AtTime(kept.Stop.Time!.Value, Inclusive: false), segments);
        Assert.Equal(kept.Stop.Lsn, exactly.Stop!.Lsn);
    }

    [Fact]
    public void A_commit_that_cannot_be_taken_apart_is_told_and_matches_nothing()
    {
        var broken = _wal.Record(ResourceManager.Transaction, 0x00, new byte[4], xid: 30);

        var scan = Scan(new RecoveryTarget.AtXid(new TransactionId(30)));

        Assert.Null(scan.Stop);
        Assert.Equal(broken, scan.FirstMalformed);
    }
}
