namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Where a recovery ends: PostgreSQL's recovery_target_* settings. <c>Inclusive</c> is recovery_target_inclusive.
/// </summary>
public abstract record RecoveryTarget
{
    private RecoveryTarget()
    {
    }

    /// <summary>
    /// Every commit and abort up to this time; with <c>Inclusive</c> also those at exactly this time.
    /// </summary>
    public sealed record AtTime(PgTimestamp Time, bool Inclusive = true) : RecoveryTarget;

    /// <summary>The end of the transaction with this top-level id, be it a commit or an abort.</summary>
    public sealed record AtXid(TransactionId Xid, bool Inclusive = true) : RecoveryTarget;

    /// <summary>The first restore point of this name, which is always included.</summary>
    public sealed record AtName(string Name) : RecoveryTarget;

    /// <summary>
    /// The first record that begins at or behind this position; with <c>Inclusive</c> it is replayed too.
    /// </summary>
    public sealed record AtLsn(Lsn Lsn, bool Inclusive = true) : RecoveryTarget;

    /// <summary>All the WAL there is.</summary>
    public sealed record Latest : RecoveryTarget;
}

/// <summary>Where a recovery ends, found in the WAL.</summary>
/// <param name="Lsn">The record at which it ends.</param>
/// <param name="EndLsn">Where that record ends.</param>
/// <param name="Replays">Whether the record itself is still replayed: else recovery ends before it.</param>
/// <param name="Time">The time that the record carries; null when it carries none.</param>
/// <param name="Xid">The transaction that it ends; null when it ends none.</param>
/// <param name="Name">The restore point's name; null when it is none.</param>
public sealed record RecoveryStop(
    Lsn Lsn, Lsn EndLsn, bool Replays, PgTimestamp? Time, TransactionId? Xid, string? Name)
{
    /// <summary>Whether the transaction that it ends commits; null when it ends none.</summary>
    public bool? IsCommit { get; init; }

    /// <summary>Where the WAL that is replayed ends.</summary>
    public Lsn ReplayEnd => Replays ? EndLsn : Lsn;
}

/// <summary>A transaction that recovery has replayed the end of.</summary>
public readonly record struct ReplayedEnd(TransactionId Xid, PgTimestamp Time, Lsn Lsn, Lsn EndLsn);
