using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// What the first page of a WAL segment says about its file: struct XLogLongPageHeaderData, xlog_internal.h.
/// </summary>
/// <param name="Major">The major version that wrote it.</param>
/// <param name="SystemIdentifier">Of the cluster that wrote it, as in pg_control.</param>
/// <param name="Timeline">
/// Of the first page. It can be an ancestor of the timeline in the file's name: the first segment of a timeline begins
/// as
/// a copy of its parent's.
/// </param>
/// <param name="Address">The LSN of the file's first byte.</param>
/// <param name="SegmentBytes">The segment size as the header has it, not yet known to be a possible one.</param>
/// <param name="PageBytes">XLOG_BLCKSZ of the build that wrote it.</param>
/// <param name="BeginsWithContinuation">Whether the first record began in an earlier segment.</param>
public readonly record struct WalSegmentHeader(
    int Major,
    ulong SystemIdentifier,
    Timeline Timeline,
    Lsn Address,
    uint SegmentBytes,
    uint PageBytes,
    bool BeginsWithContinuation)
{
    private const int SystemIdentifierOffset = 24;
    private const int SegmentSizeOffset = 32;
    private const int PageSizeOffset = 36;

    /// <param name="firstPage">The beginning of the file, <see cref="WalPageHeader.LongLength"/> bytes or more.</param>
    /// <param name="header">What it says, when the answer is null.</param>
    /// <returns>Null, or why this is not the beginning of a segment, as a sentence fragment.</returns>
    public static string? Inspect(ReadOnlySpan<byte> firstPage, out WalSegmentHeader header)
    {
        header = default;
        if (firstPage.Length < WalPageHeader.LongLength)
        {
            return $"it has only {firstPage.Length} bytes";
        }

        var page = WalPageHeader.Read(firstPage);
        if (page.Major == 0)
        {
            return firstPage.ContainsAnyExcept((byte)0)
                ? $"its magic number {page.Magic:X4} belongs to no PostgreSQL"
                    + $" from {WalVersion.OldestMajor} to {WalVersion.NewestMajor}"
                : "it begins with zeros";
        }

        if (page.HasUnknownFlags || !page.IsLong)
        {
            return $"the flags {(ushort)page.Flags:X4} are not those of a segment's first page";
        }

        header = new WalSegmentHeader(
            page.Major,
            BinaryPrimitives.ReadUInt64LittleEndian(firstPage[SystemIdentifierOffset..]),
            page.Timeline,
            page.Address,
            BinaryPrimitives.ReadUInt32LittleEndian(firstPage[SegmentSizeOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(firstPage[PageSizeOffset..]),
            page.BeginsWithContinuation);
        if (!WalSegmentSize.IsValid(header.SegmentBytes))
        {
            return $"it claims a segment size of {header.SegmentBytes} bytes";
        }

        return header.PageBytes == WalPageHeader.PageSize
            ? null
            : $"it has WAL pages of {header.PageBytes} bytes, and only {WalPageHeader.PageSize} are supported";
    }

    /// <summary>
    /// Compares with the name the file goes by. A file's length is compared by whoever has the file: a partial segment
    /// may
    /// be shorter.
    /// </summary>
    /// <param name="name">The name, with the segment size that the caller believes in.</param>
    /// <param name="systemIdentifier">Of the cluster it should come from; null when not known.</param>
    /// <returns>Null, or how the content contradicts the name, as a sentence fragment.</returns>
    public string? Contradicts(WalSegmentName name, ulong? systemIdentifier)
    {
        if (systemIdentifier is { } expected && expected != SystemIdentifier)
        {
            return $"it was written by the cluster with system identifier {SystemIdentifier}, not {expected}";
        }

        if (SegmentBytes != name.Size.Bytes)
        {
            return $"it belongs to a cluster with segments of {SegmentBytes} bytes, not {name.Size.Bytes}";
        }

        if (Address != name.Start)
        {
            return $"it holds WAL from {Address}, and its name says {name.Start}";
        }

        return Timeline > name.Timeline || Timeline.Value == 0
            ? $"it begins on timeline {Timeline}, and its name says {name.Timeline}"
            : null;
    }
}
