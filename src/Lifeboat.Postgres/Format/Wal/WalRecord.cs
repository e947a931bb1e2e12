using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// One record of WAL: struct XLogRecord and what follows it, xlogrecord.h. It owns nothing: its bytes lie in the memory
/// supplied to the reader or in the reader's own, and are good until the reader's next call.
/// <code>
/// 0 uint32 total length   4 uint32 xid   8 uint64 previous record   16 uint8 info   17 uint8 resource manager   20
/// uint32 CRC-32C
/// </code>
/// </summary>
public readonly ref struct WalRecord
{
    public const int HeaderLength = 24;

    /// <summary>The bits of <see cref="Info"/> that belong to the resource manager.</summary>
    public const byte RmgrInfoMask = 0xF0;

    internal const int XidOffset = 4;
    internal const int PrevOffset = 8;
    internal const int InfoOffset = 16;
    internal const int RmgrOffset = 17;
    internal const int CrcOffset = 20;

    private readonly WalRecordBody _body;

    internal WalRecord(ReadOnlySpan<byte> bytes, WalRecordBody body, Lsn lsn, Lsn endLsn, Timeline timeline, int major)
    {
        Bytes = bytes;
        _body = body;
        Lsn = lsn;
        EndLsn = endLsn;
        Timeline = timeline;
        Major = major;
    }

    /// <summary>The whole record, page headers taken out.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Where it begins.</summary>
    public Lsn Lsn { get; }

    /// <summary>
    /// Where the next one can begin, as PostgreSQL's EndRecPtr: after padding to 8 bytes; for a segment switch the end
    /// of
    /// its segment.
    /// </summary>
    public Lsn EndLsn { get; }

    /// <summary>Of the page on which it begins.</summary>
    public Timeline Timeline { get; }

    /// <summary>The major version that wrote it.</summary>
    public int Major { get; }

    public int TotalLength => Bytes.Length;

    public TransactionId Xid => new(BinaryPrimitives.ReadUInt32LittleEndian(Bytes[XidOffset..]));

    /// <summary>Where the record before this one begins.</summary>
    public Lsn PrevLsn => new(BinaryPrimitives.ReadUInt64LittleEndian(Bytes[PrevOffset..]));

    public byte Info => Bytes[InfoOffset];

    /// <summary>The number of the resource manager, also of one that is not built in.</summary>
    public byte RmgrId => Bytes[RmgrOffset];

    public ResourceManager Rmgr => (ResourceManager)RmgrId;

    /// <summary>The resource manager's part of <see cref="Info"/>: what kind of record of its own it is.</summary>
    public byte RmgrInfo => (byte)(Info & RmgrInfoMask);

    /// <summary>It changes files in ways that its block references do not tell (XLR_SPECIAL_REL_UPDATE).</summary>
    public bool IsSpecialRelationUpdate => (Info & 0x01) != 0;

    /// <summary>The rest of its segment holds no record (XLOG_SWITCH).</summary>
    public bool IsSegmentSwitch => XlogInfo.IsSwitch(RmgrId, Info);

    /// <summary>Whole pages that something wrote at once (XLOG_FPI); not those that only a hint changed.</summary>
    public bool IsPageImage => XlogInfo.Is(this, XlogInfo.PageImage);

    public ReadOnlySpan<WalBlockReference> Blocks => _body.Blocks;

    /// <summary>The data that belongs to no block.</summary>
    public ReadOnlySpan<byte> MainData => Bytes.Slice(_body.MainOffset, _body.MainLength);

    /// <summary>
    /// The top-level transaction, where logical decoding needs to be told (14 and later); else invalid.
    /// </summary>
    public TransactionId TopLevelXid => new(_body.TopLevelXid);

    /// <summary>The replication origin; 0 for none.</summary>
    public ushort Origin => _body.Origin;
}
