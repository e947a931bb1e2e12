using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A transaction was prepared: struct xl_xact_prepare, xact.h, which is also the head of its file in pg_twophase. Its
/// lists lie in the record, and are good as long as that is.
/// <code>
/// 0 uint32 magic   4 uint32 total length   8 uint32 xid   12 uint32 database   16 int64 time   24 uint32 owner
/// 28 n subxids   32 n dropped at commit   36 n dropped at abort   (since 15: 40 n and 44 n statistics)
/// then n invalidations, bool, uint16 length of the gid with its zero, uint64 origin LSN, int64 origin time
/// then, each padded to 8 bytes: gid | subxids | dropped at commit | dropped at abort | …
/// </code>
/// </summary>
public readonly ref struct TransactionPrepare
{
    private const byte OperationMask = 0x70;
    private const byte Operation = 0x10;

    private const int XidOffset = 8;
    private const int DatabaseOffset = 12;
    private const int TimeOffset = 16;
    private const int SubxactsOffset = 28;
    private const int CommitRelationsOffset = 32;
    private const int AbortRelationsOffset = 36;
    private const int GidLengthOffsetUpTo14 = 46;
    private const int LengthUpTo14 = 64;
    private const int StatisticsCountsLength = 8;

    private TransactionPrepare(
        ReadOnlySpan<byte> head,
        ReadOnlySpan<byte> gid,
        ReadOnlySpan<byte> subxacts,
        ReadOnlySpan<byte> commitRelations,
        ReadOnlySpan<byte> abortRelations)
    {
        Xid = new TransactionId(BinaryPrimitives.ReadUInt32LittleEndian(head[XidOffset..]));
        Database = BinaryPrimitives.ReadUInt32LittleEndian(head[DatabaseOffset..]);
        Time = new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(head[TimeOffset..]));
        Gid = gid;
        Subxacts = new TransactionIdList(subxacts);
        DroppedAtCommit = new RelFileLocatorList(commitRelations);
        DroppedAtAbort = new RelFileLocatorList(abortRelations);
    }

    /// <summary>The top-level transaction.</summary>
    public TransactionId Xid { get; }

    public uint Database { get; }

    /// <summary>When it was prepared. It commits or aborts at another time, or never.</summary>
    public PgTimestamp Time { get; }

    /// <summary>The name it was given, without its final zero.</summary>
    public ReadOnlySpan<byte> Gid { get; }

    public TransactionIdList Subxacts { get; }

    /// <summary>The relations that lose their files if it commits; the record of that names them again.</summary>
    public RelFileLocatorList DroppedAtCommit { get; }

    /// <summary>The relations that lose their files if it aborts; the record of that names them again.</summary>
    public RelFileLocatorList DroppedAtAbort { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Transaction && (record.Info & OperationMask) == Operation;

    /// <summary>False for another kind of record, and for one whose lists do not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out TransactionPrepare prepare)
    {
        prepare = default;
        if (!Matches(record))
        {
            return false;
        }

        var statistics = record.Major >= 15 ? StatisticsCountsLength : 0;
        var fields = new WalFieldReader(record.MainData);
        if (!fields.Take(LengthUpTo14 + statistics, out var head))
        {
            return false;
        }

        var gidLength = BinaryPrimitives.ReadUInt16LittleEndian(head[(GidLengthOffsetUpTo14 + statistics)..]);
        if (!fields.TakeAligned(gidLength, out var gid)
            || !fields.TakeAligned(Count(head, SubxactsOffset) * sizeof(uint), out var subxacts)
            || !fields.TakeAligned(Count(head, CommitRelationsOffset) * RelFileLocator.Length, out var atCommit)
            || !fields.TakeAligned(Count(head, AbortRelationsOffset) * RelFileLocator.Length, out var atAbort))
        {
            return false;
        }

        var end = gid.IndexOf((byte)0);
        prepare = new TransactionPrepare(head, end < 0 ? gid : gid[..end], subxacts, atCommit, atAbort);
        return true;
    }

    private static long Count(ReadOnlySpan<byte> head, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(head[offset..]);
}
