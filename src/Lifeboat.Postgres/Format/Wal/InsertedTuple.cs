using System.Buffers.Binary;
using System.Text;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// The row of an insertion, where the record holds it: as the block's data (struct xl_heap_header, heapam_xlog.h, then
/// the
/// tuple from behind its fixed header), or within an image of the page that is not compressed.
/// </summary>
public static class InsertedTuple
{
    private const int TupleHeaderLength = 23;
    private const int HeaderOffsetOffset = 22;
    private const int ShortHeaderLength = 5;
    private const int LinePointers = 24;

    /// <summary>The row's columns, from the first one on; false when the record does not hold them so.</summary>
    public static bool TryRead(in WalRecord record, ushort offset, out ReadOnlySpan<byte> columns)
    {
        columns = default;
        if (record.Blocks.Length == 0)
        {
            return false;
        }

        var block = record.Blocks[0];
        return block.HasData
            ? TryReadData(record.Bytes.Slice(block.DataOffset, block.DataLength), out columns)
            : block.HasImage && (block.ImageForm & WalImageForm.Compressed) == WalImageForm.None
                && TryReadImage(record.Bytes.Slice(block.ImageOffset, block.ImageLength), block, offset, out columns);
    }

    private static bool TryReadData(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> columns)
    {
        columns = default;
        if (data.Length < ShortHeaderLength)
        {
            return false;
        }

        var begin = ShortHeaderLength + data[4] - TupleHeaderLength;
        if (begin < ShortHeaderLength || begin > data.Length)
        {
            return false;
        }

        columns = data[begin..];
        return true;
    }

    /// <summary>Line pointers lie before the hole, tuples behind it.</summary>
    private static bool TryReadImage(
        ReadOnlySpan<byte> image, WalBlockReference block, ushort offset, out ReadOnlySpan<byte> columns)
    {
        columns = default;
        var pointerAt = LinePointers + ((offset - 1) * sizeof(uint));
        var beforeHole = block.HoleLength == 0 ? image.Length : block.HoleOffset;
        if (offset == 0 || pointerAt + sizeof(uint) > beforeHole)
        {
            return false;
        }

        var pointer = BinaryPrimitives.ReadUInt32LittleEndian(image[pointerAt..]);
        var (at, length) = ((int)(pointer & 0x7FFF), (int)(pointer >> 17));
        at -= at >= block.HoleOffset ? block.HoleLength : 0;
        if (length < TupleHeaderLength || (at < beforeHole && block.HoleLength != 0) || at < 0 || at + length > image.Length)
        {
            return false;
        }

        var tuple = image.Slice(at, length);
        var begin = tuple[HeaderOffsetOffset];
        if (begin < TupleHeaderLength || begin > tuple.Length)
        {
            return false;
        }

        columns = tuple[begin..];
        return true;
    }
}

/// <summary>The fixed part of a row of pg_class, as far as files have names by it (pg_class.h).</summary>
/// <param name="Namespace">The oid of its schema.</param>
/// <param name="FileNode">0 for a mapped catalog and for a relation without files.</param>
/// <param name="Kind">relkind.</param>
/// <param name="Persistence">relpersistence.</param>
public readonly record struct PgClassRow(
    uint Oid, string Name, uint Namespace, uint FileNode, char Kind, char Persistence)
{
    private const int NameOffset = 4;
    private const int NameLength = 64;
    private const int NamespaceOffset = 68;
    private const int FileNodeOffset = 88;

    /// <summary>Since 18 relallfrozen stands before it.</summary>
    private const int PersistenceUpTo17 = 114;
    private const int PersistenceSince18 = 118;

    /// <summary>False when there is too little of the row.</summary>
    public static bool TryParse(ReadOnlySpan<byte> columns, int major, out PgClassRow row)
    {
        row = default;
        var persistence = major >= 18 ? PersistenceSince18 : PersistenceUpTo17;
        if (columns.Length < persistence + 2)
        {
            return false;
        }

        row = new PgClassRow(
            BinaryPrimitives.ReadUInt32LittleEndian(columns),
            NameAt(columns, NameOffset),
            BinaryPrimitives.ReadUInt32LittleEndian(columns[NamespaceOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(columns[FileNodeOffset..]),
            (char)columns[persistence + 1],
            (char)columns[persistence]);
        return true;
    }

    /// <summary>A column of type name: 64 bytes, the rest zero.</summary>
    internal static string NameAt(ReadOnlySpan<byte> columns, int offset)
    {
        var name = columns.Slice(offset, NameLength);
        var end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }
}

/// <summary>The beginning of a row of pg_namespace (pg_namespace.h).</summary>
public readonly record struct PgNamespaceRow(uint Oid, string Name)
{
    private const int NameOffset = 4;
    private const int Length = 68;

    /// <summary>False when there is too little of the row.</summary>
    public static bool TryParse(ReadOnlySpan<byte> columns, out PgNamespaceRow row)
    {
        row = columns.Length < Length
            ? default
            : new PgNamespaceRow(
                BinaryPrimitives.ReadUInt32LittleEndian(columns), PgClassRow.NameAt(columns, NameOffset));
        return columns.Length >= Length;
    }
}
