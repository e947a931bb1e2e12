namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A database's directories went away: struct xl_dbase_drop_rec, dbcommands_xlog.h. Its info code is another one since
/// 15. ALTER DATABASE SET TABLESPACE writes it too, for the directory that is left.
/// <code>uint32 database | uint32 count | tablespaces</code>
/// </summary>
public readonly ref struct DatabaseDrop
{
    private const byte InfoUpTo14 = 0x10;
    private const byte InfoSince15 = 0x20;

    private DatabaseDrop(uint database, ReadOnlySpan<byte> tablespaces)
    {
        Database = database;
        Tablespaces = new OidList(tablespaces);
    }

    public uint Database { get; }

    /// <summary>The tablespaces in which it had a directory.</summary>
    public OidList Tablespaces { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Database
        && record.RmgrInfo == (record.Major >= 15 ? InfoSince15 : InfoUpTo14);

    /// <summary>False for another kind of record, and for one whose list does not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out DatabaseDrop drop)
    {
        drop = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record)
            || !fields.TakeUInt32(out var database)
            || !fields.TakeList(isThere: true, sizeof(uint), out var tablespaces))
        {
            return false;
        }

        drop = new DatabaseDrop(database, tablespaces);
        return true;
    }
}
