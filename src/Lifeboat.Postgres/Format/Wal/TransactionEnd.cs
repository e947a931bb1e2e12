using System.Buffers.Binary;

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

    private const int DatabaseLength = 8;
    private const int InvalidationLength = 16;

    private readonly ReadOnlySpan<byte> _subxacts;
    private readonly ReadOnlySpan<byte> _relations;

    private TransactionEnd(
        bool isCommit,
        bool isPrepared,
        TransactionId xid,
        PgTimestamp time,
        ReadOnlySpan<byte> subxacts,
        ReadOnlySpan<byte> relations,
        ReadOnlySpan<byte> gid)
    {
        IsCommit = isCommit;
        IsPrepared = isPrepared;
        Xid = xid;
        Time = time;
        _subxacts = subxacts;
        _relations = relations;
        Gid = gid;
    }

    public bool IsCommit { get; }

    /// <summary>It ends a transaction that was prepared.</summary>
    public bool IsPrepared { get; }

    /// <summary>The top-level transaction that ends: for a prepared one not that of the record's own header.</summary>
    public TransactionId Xid { get; }

    public PgTimestamp Time { get; }

    /// <summary>How many sub-transactions end with it.</summary>
    public int SubxactCount => _subxacts.Length / sizeof(uint);

    /// <summary>How many relations lose their files with it.</summary>
    public int DroppedRelationCount => _relations.Length / RelFileLocator.Length;

    /// <summary>
    /// The name under which it was prepared, without its final zero; empty where the record does not tell.
    /// </summary>
    public ReadOnlySpan<byte> Gid { get; }

    public TransactionId Subxact(int index) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(_subxacts[(index * sizeof(uint))..]));

    public RelFileLocator DroppedRelation(int index)
    {
        var at = _relations.Slice(index * RelFileLocator.Length, RelFileLocator.Length);
        return new RelFileLocator(
            BinaryPrimitives.ReadUInt32LittleEndian(at),
            BinaryPrimitives.ReadUInt32LittleEndian(at[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[8..]));
    }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Transaction
        && (record.Info & OperationMask) is OperationCommit or OperationAbort
            or OperationCommitPrepared or OperationAbortPrepared;

    /// <summary>False for another kind of record, and for one whose lists do not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out TransactionEnd end)
    {
        end = default;
        var rest = record.MainData;
        if (!Matches(record) || rest.Length < sizeof(long))
        {
            return false;
        }

        var operation = record.Info & OperationMask;
        var isCommit = operation is OperationCommit or OperationCommitPrepared;
        var isPrepared = operation is OperationCommitPrepared or OperationAbortPrepared;
        var time = new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(rest));
        rest = rest[sizeof(long)..];
        uint has = 0;
        if ((record.Info & HasInfo) != 0 && !TakeUInt32(ref rest, out has))
        {
            return false;
        }

        if (((has & HasDatabase) != 0 && !Take(ref rest, DatabaseLength, out _))
            || !TakeList(ref rest, (has & HasSubxacts) != 0, sizeof(uint), out var subxacts)
            || !TakeList(ref rest, (has & HasRelations) != 0, RelFileLocator.Length, out var relations)
            || !TakeList(ref rest, (has & HasDroppedStatistics) != 0, StatisticsLength(record.Major), out _)
            || !TakeList(ref rest, isCommit && (has & HasInvalidations) != 0, InvalidationLength, out _))
        {
            return false;
        }

        var xid = record.Xid.Value;
        ReadOnlySpan<byte> gid = default;
        if (isPrepared && ((has & HasTwoPhase) == 0 || !TakeUInt32(ref rest, out xid)))
        {
            return false;
        }

        if (isPrepared && (has & HasGid) != 0)
        {
            var length = rest.IndexOf((byte)0);
            if (length < 0)
            {
                return false;
            }

            gid = rest[..length];
        }

        end = new TransactionEnd(isCommit, isPrepared, new TransactionId(xid), time, subxacts, relations, gid);
        return true;
    }

    /// <summary>A dropped statistics entry names its object by 32 bits up to 17 and by 64 since 18.</summary>
    private static int StatisticsLength(int major) => major >= 18 ? 16 : 12;

    private static bool TakeList(
        scoped ref ReadOnlySpan<byte> rest, bool isThere, int elementLength, out ReadOnlySpan<byte> list)
    {
        list = default;
        if (!isThere)
        {
            return true;
        }

        return TakeUInt32(ref rest, out var count)
            && count <= (uint)rest.Length
            && Take(ref rest, count * (long)elementLength, out list);
    }

    private static bool TakeUInt32(scoped ref ReadOnlySpan<byte> rest, out uint value)
    {
        value = 0;
        if (!Take(ref rest, sizeof(uint), out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return true;
    }

    private static bool Take(scoped ref ReadOnlySpan<byte> rest, long length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length > rest.Length)
        {
            return false;
        }

        taken = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }
}
