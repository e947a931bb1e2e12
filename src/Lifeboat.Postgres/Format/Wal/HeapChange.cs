using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>What a record does to rows of a table.</summary>
public enum HeapChangeKind
{
    Insert,

    /// <summary>Several rows into one page at once, as COPY and many catalog changes do.</summary>
    MultiInsert,
    Delete,
    Update,

    /// <summary>An update that no index needed to know of.</summary>
    HotUpdate,

    /// <summary>A speculative insertion (INSERT … ON CONFLICT) proved good; the row was counted when it came.</summary>
    ConfirmInsert,
}

/// <summary>
/// Rows inserted, updated or deleted: struct xl_heap_insert, xl_heap_multi_insert, xl_heap_delete, xl_heap_update and
/// xl_heap_confirm, heapam_xlog.h, the same from 13 to 18. Rows of catalogs and of TOAST tables are such rows too.
/// <code>
/// insert        0 uint16 offset   2 uint8 flags
/// multi-insert  0 uint8 flags     2 uint16 rows   (then offsets, unless the page is made anew)
/// delete        0 uint32 xmax     4 uint16 offset   6 uint8 infobits   7 uint8 flags
/// update        0 uint32 old xmax 4 uint16 old offset   6 uint8 infobits   7 uint8 flags   8 uint32 new xmax
///               12 uint16 new offset
/// confirm       0 uint16 offset
/// </code>
/// </summary>
/// <param name="Relation">The table, by its files.</param>
/// <param name="Block">The block of the row that is deleted or inserted; of an update that of the new row.</param>
/// <param name="Offset">The row's line pointer in that block; 0 for a multi-insert.</param>
/// <param name="Rows">How many rows: 1, or those of a multi-insert; 0 for a confirmation.</param>
/// <param name="Flags">As they stand in the record. Their meaning depends on the kind.</param>
public readonly record struct HeapChange(
    HeapChangeKind Kind, RelFileLocator Relation, uint Block, ushort Offset, int Rows, byte Flags)
{
    private const byte OperationMask = 0x70;
    private const byte OperationInsert = 0x00;
    private const byte OperationDelete = 0x10;
    private const byte OperationUpdate = 0x20;
    private const byte OperationHotUpdate = 0x40;
    private const byte OperationConfirm = 0x50;
    private const byte Operation2MultiInsert = 0x50;

    private const byte DeleteIsSuper = 1 << 3;
    private const byte DeleteIsPartitionMove = 1 << 4;

    private const int InsertFlagsOffset = 2;
    private const int InsertLength = 3;
    private const int MultiInsertRowsOffset = 2;
    private const int MultiInsertLength = 4;
    private const int DeleteOffsetOffset = 4;
    private const int DeleteFlagsOffset = 7;
    private const int DeleteLength = 8;
    private const int UpdateNewOffsetOffset = 12;
    private const int UpdateLength = 14;
    private const int ConfirmLength = 2;

    /// <summary>A deletion that takes a speculative insertion back: nobody ever saw the row.</summary>
    public bool AbortsSpeculativeInsert => Kind is HeapChangeKind.Delete && (Flags & DeleteIsSuper) != 0;

    /// <summary>A deletion that is half of an UPDATE: the row goes on in another partition, as an insertion.</summary>
    public bool MovesToOtherPartition => Kind is HeapChangeKind.Delete && (Flags & DeleteIsPartitionMove) != 0;

    public static bool Matches(in WalRecord record) => KindOf(record) is not null;

    /// <summary>False for another kind of record, for one too short, and for one that refers to no block 0.</summary>
    public static bool TryParse(in WalRecord record, out HeapChange change)
    {
        change = default;
        if (KindOf(record) is not { } kind)
        {
            return false;
        }

        var data = record.MainData;
        var blocks = record.Blocks;
        if (data.Length < LengthOf(kind) || blocks.Length == 0 || blocks[0].Id != 0)
        {
            return false;
        }

        var (offset, rows, flags) = kind switch
        {
            HeapChangeKind.Insert => (UInt16(data, 0), 1, data[InsertFlagsOffset]),
            HeapChangeKind.MultiInsert => ((ushort)0, (int)UInt16(data, MultiInsertRowsOffset), data[0]),
            HeapChangeKind.Delete => (UInt16(data, DeleteOffsetOffset), 1, data[DeleteFlagsOffset]),
            HeapChangeKind.ConfirmInsert => (UInt16(data, 0), 0, (byte)0),
            _ => (UInt16(data, UpdateNewOffsetOffset), 1, data[DeleteFlagsOffset]),
        };
        change = new HeapChange(kind, blocks[0].Relation, blocks[0].Block, offset, rows, flags);
        return true;
    }

    private static HeapChangeKind? KindOf(in WalRecord record) => record.RmgrId switch
    {
        (byte)ResourceManager.Heap => (record.Info & OperationMask) switch
        {
            OperationInsert => HeapChangeKind.Insert,
            OperationDelete => HeapChangeKind.Delete,
            OperationUpdate => HeapChangeKind.Update,
            OperationHotUpdate => HeapChangeKind.HotUpdate,
            OperationConfirm => HeapChangeKind.ConfirmInsert,
            _ => null,
        },
        (byte)ResourceManager.Heap2 when (record.Info & OperationMask) == Operation2MultiInsert =>
            HeapChangeKind.MultiInsert,
        _ => null,
    };

    private static int LengthOf(HeapChangeKind kind) => kind switch
    {
        HeapChangeKind.Insert => InsertLength,
        HeapChangeKind.MultiInsert => MultiInsertLength,
        HeapChangeKind.Delete => DeleteLength,
        HeapChangeKind.ConfirmInsert => ConfirmLength,
        _ => UpdateLength,
    };

    private static ushort UInt16(ReadOnlySpan<byte> data, int offset) =>
        BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);
}
