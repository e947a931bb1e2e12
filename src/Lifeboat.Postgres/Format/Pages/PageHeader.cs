using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Pages;

/// <summary>
/// The first 24 bytes of every page of a relation, whatever its fork or access method (struct PageHeaderData,
/// bufpage.h):
/// <code>
///  0  pd_lsn        two 32-bit words, the upper one first
///  8  pd_checksum
/// 10  pd_flags
/// 12  pd_lower      end of the line pointers
/// 14  pd_upper      start of the tuples; zero on a page that was never initialised
/// 16  pd_special    start of the access method's own space
/// 18  page size and layout version: the size has its low byte zero
/// 20  pd_prune_xid
/// </code>
/// </summary>
public readonly record struct PageHeader(
    Lsn Lsn,
    ushort Checksum,
    ushort Flags,
    ushort Lower,
    ushort Upper,
    ushort Special,
    ushort SizeAndVersion)
{
    public const int Length = 24;
    public const int ChecksumOffset = 8;

    /// <summary>PG_PAGE_LAYOUT_VERSION: the same since PostgreSQL 8.3.</summary>
    public const int LayoutVersion = 4;

    private const int KnownFlags = 0x0007;
    private const int Alignment = 8;

    /// <summary>Bytes of the page, as it says itself.</summary>
    public int PageSize => SizeAndVersion & 0xFF00;

    public int Version => SizeAndVersion & 0x00FF;

    /// <summary>Never initialised (PageIsNew): nothing else in the header means anything.</summary>
    public bool IsNew => Upper == 0;

    /// <param name="page">At least the first <see cref="Length"/> bytes of a page.</param>
    public static PageHeader Read(ReadOnlySpan<byte> page)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(page.Length, Length);
        return new PageHeader(
            new Lsn(((ulong)BinaryPrimitives.ReadUInt32LittleEndian(page) << 32)
                | BinaryPrimitives.ReadUInt32LittleEndian(page[4..])),
            BinaryPrimitives.ReadUInt16LittleEndian(page[ChecksumOffset..]),
            BinaryPrimitives.ReadUInt16LittleEndian(page[10..]),
            BinaryPrimitives.ReadUInt16LittleEndian(page[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(page[14..]),
            BinaryPrimitives.ReadUInt16LittleEndian(page[16..]),
            BinaryPrimitives.ReadUInt16LittleEndian(page[18..]));
    }

    /// <summary>
    /// Whether the header can be that of an initialised page of <paramref name="blockSize"/> bytes: what PageIsVerified
    /// (bufpage.c) asks for, and the size and version besides.
    /// </summary>
    public bool IsPlausible(int blockSize) =>
        !IsNew
        && (Flags & ~KnownFlags) == 0
        && Lower <= Upper && Upper <= Special && Special <= blockSize
        && Special % Alignment == 0
        && PageSize == blockSize && Version == LayoutVersion;
}
