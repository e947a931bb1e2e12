namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// What pg_logical_emit_message wrote: struct xl_logical_message, message.h. Its texts lie in the record.
/// <code>
/// 0 uint32 database   4 bool transactional   8 uint64 length of the prefix with its zero   16 uint64 length   24 both
/// </code>
/// </summary>
public readonly ref struct LogicalMessage
{
    private const byte Info = 0x00;
    private const int PaddedBooleanLength = 4;

    private LogicalMessage(uint database, bool isTransactional, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> content)
    {
        Database = database;
        IsTransactional = isTransactional;
        Prefix = prefix;
        Content = content;
    }

    /// <summary>The database of the session that wrote it.</summary>
    public uint Database { get; }

    /// <summary>It belongs to its transaction, and is nothing if that aborts.</summary>
    public bool IsTransactional { get; }

    /// <summary>Without its final zero.</summary>
    public ReadOnlySpan<byte> Prefix { get; }

    public ReadOnlySpan<byte> Content { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.LogicalMessage && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one whose texts do not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out LogicalMessage message)
    {
        message = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record)
            || !fields.TakeUInt32(out var database)
            || !fields.Take(PaddedBooleanLength, out var transactional)
            || !fields.TakeInt64(out var prefixLength)
            || !fields.TakeInt64(out var contentLength)
            || prefixLength < 0
            || contentLength < 0
            || !fields.Take(prefixLength, out var prefix)
            || !fields.Take(contentLength, out var content))
        {
            return false;
        }

        var end = prefix.IndexOf((byte)0);
        message = new LogicalMessage(database, transactional[0] != 0, end < 0 ? prefix : prefix[..end], content);
        return true;
    }
}
