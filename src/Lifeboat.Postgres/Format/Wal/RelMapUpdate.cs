using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A new pg_filenode.map: struct xl_relmap_update, relmapper.h, and the file's whole content behind it. It tells which
/// files the mapped catalogs (pg_class, pg_attribute and others) have from here on.
/// <code>
/// 0 uint32 database (0: global)   4 uint32 tablespace   8 int32 length   12 file: int32 magic, int32 count, then
/// pairs of catalog oid and relfilenode
/// </code>
/// </summary>
public readonly ref struct RelMapUpdate
{
    private const byte Info = 0x00;
    private const uint Magic = 0x592717;
    private const int MappingLength = 8;

    private readonly ReadOnlySpan<byte> _mappings;

    private RelMapUpdate(uint database, uint tablespace, ReadOnlySpan<byte> mappings)
    {
        Database = database;
        Tablespace = tablespace;
        _mappings = mappings;
    }

    /// <summary>The database whose map it is; 0 for that of the shared catalogs.</summary>
    public uint Database { get; }

    public uint Tablespace { get; }

    /// <summary>How many catalogs are mapped: all that the file maps, not only those that changed.</summary>
    public int Count => _mappings.Length / MappingLength;

    /// <summary>A catalog's oid and the number of its files.</summary>
    public (uint Oid, uint RelNumber) this[int index]
    {
        get
        {
            var mapping = _mappings.Slice(index * MappingLength, MappingLength);
            return (
                BinaryPrimitives.ReadUInt32LittleEndian(mapping),
                BinaryPrimitives.ReadUInt32LittleEndian(mapping[sizeof(uint)..]));
        }
    }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.RelMap && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one that holds no map.</summary>
    public static bool TryParse(in WalRecord record, out RelMapUpdate update)
    {
        update = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record)
            || !fields.TakeUInt32(out var database)
            || !fields.TakeUInt32(out var tablespace)
            || !fields.TakeUInt32(out var length)
            || !fields.Take(length, out var file))
        {
            return false;
        }

        var content = new WalFieldReader(file);
        if (!content.TakeUInt32(out var magic)
            || magic != Magic
            || !content.TakeList(isThere: true, MappingLength, out var mappings))
        {
            return false;
        }

        update = new RelMapUpdate(database, tablespace, mappings);
        return true;
    }
}
