namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>
/// Where visibility map bits lie, and which records clear some without naming the map's block: those that say in their
/// flags that a page was all-visible or all-frozen and is no more (heapam_xlog.h). PostgreSQL's own summaries lacked
/// these clears for long.
/// </summary>
internal static class VisibilityMapRules
{
    /// <summary>
    /// Two bits a heap page; a map page has all but its header of 24 bytes (visibilitymap.c, 8 KiB blocks).
    /// </summary>
    internal const uint HeapBlocksPerMapBlock = (8192 - 24) * 4;

    private const byte OperationMask = 0x70;
    private const byte ClearedFirst = 1 << 0;
    private const byte ClearedEither = ClearedFirst | (1 << 1);
    private const int InsertFlags = 2;
    private const int MultiInsertFlags = 0;
    private const int RowFlags = 7;

    /// <summary>The map's block that has the bits of a heap block.</summary>
    internal static uint BlockOf(uint heapBlock) => heapBlock / HeapBlocksPerMapBlock;

    /// <summary>
    /// The map's length, in blocks, when the heap has so many blocks (visibilitymap_prepare_truncate).
    /// </summary>
    internal static uint LengthFor(uint heapBlocks) => BlockOf(heapBlocks) + (IsPartial(heapBlocks) ? 1u : 0);

    /// <summary>Whether the map's last block has bits for more heap blocks than there are.</summary>
    internal static bool IsPartial(uint heapBlocks) => heapBlocks % HeapBlocksPerMapBlock != 0;

    /// <summary>
    /// Whether a record of the resource managers Heap and Heap2 clears bits of the pages that it refers to.
    /// </summary>
    internal static bool Clears(in WalRecord record)
    {
        var operation = record.Info & OperationMask;
        var (at, mask) = (record.Rmgr, operation) switch
        {
            (ResourceManager.Heap, 0x00) => (InsertFlags, ClearedFirst),
            (ResourceManager.Heap, 0x10 or 0x60) => (RowFlags, ClearedFirst), // delete, lock
            (ResourceManager.Heap, 0x20 or 0x40) => (RowFlags, ClearedEither), // update, HOT update
            (ResourceManager.Heap2, 0x50) => (MultiInsertFlags, ClearedFirst),
            (ResourceManager.Heap2, 0x60) => (RowFlags, ClearedFirst), // lock of an updated row
            _ => (0, (byte)0),
        };
        var data = record.MainData;
        // One too short to have flags is taken to clear.
        return mask != 0 && (data.Length <= at || (data[at] & mask) != 0);
    }
}
