using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>The flags xlp_info of a page of WAL (xlog_internal.h of 13 to 18).</summary>
[Flags]
public enum WalPageFlags : ushort
{
    None = 0,

    /// <summary>The page begins with the continuation of a record.</summary>
    FirstIsContrecord = 1,
    LongHeader = 2,

    /// <summary>Its page images may be left out by a compressing archiver: no backup was running.</summary>
    BackupBlocksRemovable = 4,

    /// <summary>The continuation that belongs here was lost in a crash; a new record stands in its place.</summary>
    FirstIsOverwriteContrecord = 8,
}

/// <summary>
/// The header of one page of WAL: struct XLogPageHeaderData, xlog_internal.h. Little-endian only: another byte order
/// has
/// no known magic number.
/// <code>
/// 0  uint16 magic   2 uint16 flags   4 uint32 timeline   8 uint64 page address   16 uint32 remaining length   20
/// padding
/// 24 uint64 system identifier   32 uint32 segment size   36 uint32 page size      (only in the long form)
/// </code>
/// </summary>
public readonly record struct WalPageHeader(
    ushort Magic, WalPageFlags Flags, Timeline Timeline, Lsn Address, uint RemainingLength)
{
    /// <summary>XLOG_BLCKSZ: what every distributed build of PostgreSQL uses, and the only one read here.</summary>
    public const int PageSize = 8192;

    public const int ShortLength = 24;
    public const int LongLength = 40;

    private const int FlagsOffset = 2;
    private const int TimelineOffset = 4;
    private const int AddressOffset = 8;
    private const int RemainingOffset = 16;

    private const WalPageFlags AllFlags =
        WalPageFlags.FirstIsContrecord | WalPageFlags.LongHeader | WalPageFlags.BackupBlocksRemovable
        | WalPageFlags.FirstIsOverwriteContrecord;

    /// <summary>The version that wrote the page; 0 when its magic number is unknown.</summary>
    public int Major => WalVersion.MajorOf(Magic);

    public bool IsLong => (Flags & WalPageFlags.LongHeader) != WalPageFlags.None;

    public bool BeginsWithContinuation => (Flags & WalPageFlags.FirstIsContrecord) != WalPageFlags.None;

    public bool OverwritesContinuation => (Flags & WalPageFlags.FirstIsOverwriteContrecord) != WalPageFlags.None;

    public bool HasUnknownFlags => (Flags & ~AllFlags) != WalPageFlags.None;

    /// <summary>Bytes before the first byte of a record.</summary>
    public int Length => IsLong ? LongLength : ShortLength;

    /// <summary>Takes the fields as they stand and judges nothing. Needs <see cref="ShortLength"/> bytes.</summary>
    public static WalPageHeader Read(ReadOnlySpan<byte> page) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(page),
        (WalPageFlags)BinaryPrimitives.ReadUInt16LittleEndian(page[FlagsOffset..]),
        new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(page[TimelineOffset..])),
        new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(page[AddressOffset..])),
        BinaryPrimitives.ReadUInt32LittleEndian(page[RemainingOffset..]));
}
