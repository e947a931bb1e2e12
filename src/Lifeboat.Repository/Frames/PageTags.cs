using System.Buffers.Binary;
using System.Numerics;
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

    /// <summary>A set of every page of an extent: bit n is page n.</summary>
    /// <param name="length">Bytes of the extent.</param>
    public static ulong AllPages(int length) => (1UL << PagesOf(length)) - 1;

    /// <summary>The pages of a set as stretches without a gap, ascending.</summary>
    public static IEnumerable<(int First, int Count)> Runs(ulong pages)
    {
        while (pages != 0)
        {
            var first = BitOperations.TrailingZeroCount(pages);
            var count = BitOperations.TrailingZeroCount(~(pages >> first));
            yield return (first, count);
            pages &= first + count >= ExtentPages ? 0 : ulong.MaxValue << (first + count);
        }
    }

    internal static ReadOnlySpan<byte> Mac(ReadOnlySpan<byte> tags, int page) =>
        tags.Slice(page * TagSize, Id128.Size);

    /// <summary>CRC-32C of a page.</summary>
    internal static uint Crc(ReadOnlySpan<byte> tags, int page) =>
        BinaryPrimitives.ReadUInt32LittleEndian(tags[((page * TagSize) + Id128.Size)..]);

    /// <summary>Bit n is set where page n has another tag; pages that only the second one has differ.</summary>
    /// <param name="before">At most as many as <paramref name="now"/>.</param>
    public static ulong Differences(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now)
    {
        var pages = 0UL;
        for (var at = 0; at < now.Length; at += TagSize)
        {
            var isSame = at < before.Length && now.Slice(at, TagSize).SequenceEqual(before.Slice(at, TagSize));
            pages |= isSame ? 0 : 1UL << (at / TagSize);
        }

        return pages;
    }

    /// <summary>The tags of some pages, ascending.</summary>
    /// <param name="pages">Bit n for page n.</param>
    public static byte[] Select(ReadOnlySpan<byte> tags, ulong pages)
    {
        var selected = new byte[BitOperations.PopCount(pages) * TagSize];
        var at = 0;
        for (var rest = pages; rest != 0; rest &= rest - 1, at += TagSize)
        {
            tags.Slice(BitOperations.TrailingZeroCount(rest) * TagSize, TagSize).CopyTo(selected.AsSpan(at));
        }

        return selected;
    }

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
