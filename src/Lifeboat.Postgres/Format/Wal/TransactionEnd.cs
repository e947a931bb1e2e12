namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// The commit or abort of a transaction, prepared or not: struct xl_xact_commit and xl_xact_abort, xact.h. Its lists
/// lie in
/// the record, and are good as long as that is.
/// <code>
/// int64 time | uint32 xinfo (if info has 0x80) | then, as xinfo says:
/// database, tablespace | n subxids | n relations | n dropped statistics | n invalidations (commit) | prepared xid,
/// gid | origin
/// </code>
/// </summary>
public readonly ref struct TransactionEnd
{
    private const byte OperationMask = 0x70;
    private const byte OperationCommit = 0x00;
    private const byte OperationAbort = 0x20;
    private const byte OperationCommitPrepared = 0x30;
    private const byte OperationAbortPrepared = 0x40;
    private const byte HasInfo = 0x80;

    private const uint HasDatabase = 1 << 0;
    private const uint HasSubxacts = 1 << 1;
    private const uint HasRelations = 1 << 2;
    private const uint HasInvalidations = 1 << 3;
    private const uint HasTwoPhase = 1 << 4;
    private const uint HasGid = 1 << 7;
    private const uint HasDroppedStatistics = 1 << 8;

    private TransactionEnd(
        bool isCommit,
        bool isPrepared,
        TransactionId xid,
        PgTimestamp time,
        uint database,
        ReadOnlySpan<byte> subxacts,
        ReadOnlySpan<byte> relations,
        ReadOnlySpan<byte> invalidations,
        ReadOnlySpan<byte> gid)
    {
        IsCommit = isCommit;
        IsPrepared = isPrepared;
        Xid = xid;
        Time = time;
        Database = database;
        Subxacts = new TransactionIdList(subxacts);
        DroppedRelations = new RelFileLocatorList(relations);
        Invalidations = new CacheInvalidationList(invalidations);
        Gid = gid;
    }

    public bool IsCommit { get; }

    /// <summary>It ends a transaction that was prepared.</summary>
    public bool IsPrepared { get; }

    /// <summary>The top-level transaction that ends: for a prepared one not that of the record's own header.</summary>
    public TransactionId Xid { get; }

    public PgTimestamp Time { get; }

    /// <summary>
    /// The database of the session that ended it; 0 where the record does not tell, which is most of them: it is told
    /// with cache invalidations, and for logical decoding.
    /// </summary>
    public uint Database { get; }

    /// <summary>The sub-transactions that end with it.</summary>
    public TransactionIdList Subxacts { get; }

    /// <summary>The relations that lose their files with it, every fork of them.</summary>
    public RelFileLocatorList DroppedRelations { get; }

    /// <summary>What a commit tells the caches of other sessions: which catalog rows it changed.</summary>
    public CacheInvalidationList Invalidations { get; }

    /// <summary>How many sub-transactions end with it.</summary>
    public int SubxactCount => Subxacts.Count;

    /// <summary>How many relations lose their files with it.</summary>
    public int DroppedRelationCount => DroppedRelations.Count;

    /// <summary>
    /// The name under which it was prepared, without its final zero; empty where the record does not tell.
    /// </summary>
    public ReadOnlySpan<byte> Gid { get; }

    public TransactionId Subxact(int index) => Subxacts[index];

    public RelFileLocator DroppedRelation(int index) => DroppedRelations[index];

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Transaction
        && (record.Info & OperationMask) is OperationCommit or OperationAbort
            or OperationCommitPrepared or OperationAbortPrepared;

    /// <summary>False for another kind of record, and for one whose lists do not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out TransactionEnd end)
    {
        end = default;
        var fields = new WalFieldReader(record.MainData);
        uint has = 0;
        if (!Matches(record)
            || !fields.TakeInt64(out var time)
            || ((record.Info & HasInfo) != 0 && !fields.TakeUInt32(out has)))
        {
            return false;
        }

        var operation = record.Info & OperationMask;
        var isCommit = operation is OperationCommit or OperationCommitPrepared;
        var isPrepared = operation is OperationCommitPrepared or OperationAbortPrepared;
        uint database = 0;
        if (((has & HasDatabase) != 0 && !(fields.TakeUInt32(out database) && fields.TakeUInt32(out _)))
            || !fields.TakeList((has & HasSubxacts) != 0, sizeof(uint), out var subxacts)
            || !fields.TakeList((has & HasRelations) != 0, RelFileLocator.Length, out var relations)
            || !fields.TakeList((has & HasDroppedStatistics) != 0, StatisticsLength(record.Major), out _)
            || !fields.TakeList(isCommit && (has & HasInvalidations) != 0, CacheInvalidationList.ElementLength, out var invalidations))
        {
            return false;
        }

        var xid = record.Xid.Value;
        ReadOnlySpan<byte> gid = default;
        if (isPrepared && ((has & HasTwoPhase) == 0 || !fields.TakeUInt32(out xid)))
        {
            return false;
        }

        if (isPrepared && (has & HasGid) != 0)
        {
            var length = fields.Rest.IndexOf((byte)0);
            if (length < 0)
            {
                return false;
            }

            gid = fields.Rest[..length];
        }

        end = new TransactionEnd(
            isCommit,
            isPrepared,
            new TransactionId(xid),
            new PgTimestamp(time),
            database,
            subxacts,
            relations,
            invalidations,
            gid);
        return true;
    }

    /// <summary>A dropped statistics entry names its object by 32 bits up to 17 and by 64 since 18.</summary>
    private static int StatisticsLength(int major) => major >= 18 ? 16 : 12;
}
