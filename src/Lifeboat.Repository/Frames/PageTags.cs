using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Frames;

/// <summary>
/// The tags of consecutive pages: for each 16 bytes of HMAC and the CRC-32C, as they stand in a map
/// (docs/format/repository-v0.md, section 4).
/// </summary>
public static class PageTags
{
    /// <summary>Bytes of file content that one tag stands for; the last page of a file may be shorter.</summary>
    public const int PageSize = 8192;

    /// <summary>Pages of an extent.</summary>
    public const int ExtentPages = 32;

    public const int ExtentSize = PageSize * ExtentPages;

    internal const int TagSize = Id128.Size + sizeof(uint);

    public static int PagesOf(int length) => (length + PageSize - 1) / PageSize;

    internal static ReadOnlySpan<byte> Mac(ReadOnlySpan<byte> tags, int page) =>
        tags.Slice(page * TagSize, Id128.Size);

    /// <summary>CRC-32C of a page.</summary>
    internal static uint Crc(ReadOnlySpan<byte> tags, int page) =>
        BinaryPrimitives.ReadUInt32LittleEndian(tags[((page * TagSize) + Id128.Size)..]);

    /// <summary>The first page whose content does not have the CRC of its tag; -1 when all have.</summary>
    public static int FirstMismatch(ReadOnlySpan<byte> content, ReadOnlySpan<byte> tags)
    {
        for (var page = 0; page * PageSize < content.Length; page++)
        {
            var bytes = content.Slice(page * PageSize, Math.Min(PageSize, content.Length - (page * PageSize)));
            if (Crc32C.Compute(bytes) != Crc(tags, page))
            {
                return page;
            }
        }

        return -1;
    }
}
