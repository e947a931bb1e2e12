using System.Buffers.Binary;

namespace Lifeboat.Tests.Postgres.Changes;

/// <summary>
/// What PostgreSQL changes in a page without a record when it has neither checksums nor wal_log_hints
/// (MarkBufferDirtyHint, and the masks of wal_consistency_checking in bufmask.c, heapam, nbtxlog.c, gistxlog.c, hash_xlog.c).
/// </summary>
internal static class PageHints
{
    private const int PageSize = 8192;
    private const int Header = 24;
    private const int Checksum = 8;
    private const int Flags = 10;
    private const int Lower = 12;
    private const int Special = 16;
    private const int PruneXid = 20;
    private const ushort HintFlags = 0x0003; // PD_HAS_FREE_LINES, PD_PAGE_FULL
    private const int Infomask = 20;
    private const ushort HeapHints = 0x0F00; // whether xmin and xmax committed or not
    private const int SpecialOfTrees = 16; // B-tree, GiST and hash; the flags are 4 bytes before the end
    private const uint NormalItem = 1;
    private const uint DeadItem = 3;

    internal static bool DifferOnly(ReadOnlySpan<byte> page, ReadOnlySpan<byte> was) =>
        Without(page).AsSpan().SequenceEqual(Without(was));

    private static byte[] Without(ReadOnlySpan<byte> page)
    {
        var masked = page.ToArray();
        int lower = UInt16(page, Lower), special = UInt16(page, Special);
        if (special is < Header or > PageSize || lower is < Header or > PageSize)
        {
            return masked;
        }

        masked.AsSpan(Checksum, sizeof(ushort)).Clear();
        Clear(masked, Flags, HintFlags);
        masked.AsSpan(PruneXid, sizeof(uint)).Clear();
        if (special == PageSize)
        {
            MaskTuples(masked, lower);
        }
        else if (special == PageSize - SpecialOfTrees)
        {
            MaskKilledItems(masked, lower);
        }

        return masked;
    }

    private static void MaskTuples(byte[] page, int lower)
    {
        for (var at = Header; at + sizeof(uint) <= lower; at += sizeof(uint))
        {
            var item = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(at));
            var offset = (int)(item & 0x7FFF);
            if (((item >> 15) & 3) == NormalItem && offset + Header <= PageSize)
            {
                Clear(page, offset + Infomask, HeapHints);
            }
        }
    }

    /// <summary>Index entries that a scan found dead, and that the page says it has such.</summary>
    private static void MaskKilledItems(byte[] page, int lower)
    {
        const int flags = PageSize - 4;
        var id = UInt16(page, PageSize - 2);
        // A metapage has no items, and what is behind its header is logged.
        var (isMeta, hasDead) = id switch
        {
            0xFF81 => (false, 0x10), // GiST: F_HAS_GARBAGE
            0xFF80 => ((UInt16(page, flags) & 0x08) != 0, 0x80), // hash: LH_META_PAGE, LH_PAGE_HAS_DEAD_TUPLES
            _ => ((UInt16(page, flags) & 0x08) != 0, 0x40), // B-tree: BTP_META, BTP_HAS_GARBAGE
        };
        if (isMeta)
        {
            return;
        }

        Clear(page, flags, (ushort)hasDead);
        for (var at = Header; at + sizeof(uint) <= lower; at += sizeof(uint))
        {
            var item = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(at));
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(at), item & ~(DeadItem << 15));
        }
    }

    private static ushort UInt16(ReadOnlySpan<byte> page, int at) => BinaryPrimitives.ReadUInt16LittleEndian(page[at..]);

    private static void Clear(byte[] page, int at, ushort bits) => BinaryPrimitives.WriteUInt16LittleEndian(
        page.AsSpan(at), (ushort)(UInt16(page, at) & ~bits));
}
