using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>How CREATE DATABASE, or ALTER DATABASE SET TABLESPACE, fills the new directory.</summary>
public enum DatabaseCreateStrategy
{
    /// <summary>The directory is copied: no block in it is in the WAL. The only way up to 14.</summary>
    FileCopy,

    /// <summary>Since 15: only the directory is made here, and every block follows as a record of its own.</summary>
    WalLog,
}

/// <summary>
/// A database's directory came into being: struct xl_dbase_create_rec up to 14, since 15 xl_dbase_create_file_copy_rec
/// and xl_dbase_create_wal_log_rec, dbcommands_xlog.h. Version 15 gave the info codes other meanings.
/// </summary>
/// <param name="SourceDatabase">What it was copied from; 0 when the record does not tell, which WAL_LOG never does.</param>
/// <param name="SourceTablespace">Likewise.</param>
public readonly record struct DatabaseCreate(
    uint Database, uint Tablespace, uint SourceDatabase, uint SourceTablespace, DatabaseCreateStrategy Strategy)
{
    private const byte FileCopy = 0x00;
    private const byte WalLog = 0x10;
    private const int WalLogSince = 15;

    private const int TablespaceOffset = 4;
    private const int WalLogLength = 8;
    private const int SourceDatabaseOffset = 8;
    private const int SourceTablespaceOffset = 12;
    private const int FileCopyLength = 16;

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Database
        && (record.RmgrInfo == FileCopy || (record.RmgrInfo == WalLog && record.Major >= WalLogSince));

    /// <summary>False for another kind of record, and for one too short.</summary>
    public static bool TryParse(in WalRecord record, out DatabaseCreate create)
    {
        create = default;
        var data = record.MainData;
        var isCopy = record.RmgrInfo == FileCopy;
        if (!Matches(record) || data.Length < (isCopy ? FileCopyLength : WalLogLength))
        {
            return false;
        }

        create = new DatabaseCreate(
            BinaryPrimitives.ReadUInt32LittleEndian(data),
            BinaryPrimitives.ReadUInt32LittleEndian(data[TablespaceOffset..]),
            isCopy ? BinaryPrimitives.ReadUInt32LittleEndian(data[SourceDatabaseOffset..]) : 0,
            isCopy ? BinaryPrimitives.ReadUInt32LittleEndian(data[SourceTablespaceOffset..]) : 0,
            isCopy ? DatabaseCreateStrategy.FileCopy : DatabaseCreateStrategy.WalLog);
        return true;
    }
}
