namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Which major version wrote a page of WAL: XLOG_PAGE_MAGIC of its xlog_internal.h.</summary>
public static class WalVersion
{
    public const int OldestMajor = 13;
    public const int NewestMajor = 18;

    private const byte LastBuiltInRmgr = (byte)ResourceManager.LogicalMessage;
    private const byte FirstCustomRmgr = 128;

    /// <summary>The major version of a page with this magic number; 0 when it is none of those known.</summary>
    public static int MajorOf(ushort magic) => magic switch
    {
        0xD106 => 13,
        0xD10D => 14,
        0xD110 => 15,
        0xD113 => 16,
        0xD116 => 17,
        0xD118 => 18,
        _ => 0,
    };

    /// <summary>
    /// Whether a record may carry this resource manager: custom ones (128 and up) exist since 15 (rmgr.h).
    /// </summary>
    internal static bool HasRmgr(int major, byte rmgr) =>
        rmgr <= LastBuiltInRmgr || (major >= 15 && rmgr >= FirstCustomRmgr);

    /// <summary>
    /// The longest record in bytes: XLogRecordMaxSize since 16, before that what PostgreSQL can allocate at once.
    /// </summary>
    internal static uint MaxRecordLength(int major) => major >= 16 ? 1020u << 20 : (1u << 30) - 1;
}
