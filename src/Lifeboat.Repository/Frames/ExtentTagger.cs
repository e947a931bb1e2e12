using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Repository.Frames;

/// <summary>Identifies content: tags of its pages, id of its extent, CRC of the whole. Used by one thread at a time.</summary>
public sealed class ExtentTagger : IDisposable
{
    private static readonly Crc32CShift PageShift = Crc32CShift.ForLength(PageTags.PageSize);
    private static readonly uint ZeroPageCrc = Crc32C.Compute(new byte[PageTags.PageSize]);

    private readonly ContentHasher _hasher;
    private readonly byte[] _scratch = new byte[PageTags.ExtentPages * PageTags.TagSize];

    public ExtentTagger(TagKey key) => _hasher = key.NewHasher();

    /// <summary>CRC-32C of the first <paramref name="length"/> bytes of zeros, for an extent that is not tagged.</summary>
    public static uint CrcOfZeros(int length)
    {
        uint crc = 0;
        for (; length >= PageTags.PageSize; length -= PageTags.PageSize)
        {
            crc = PageShift.Apply(crc) ^ ZeroPageCrc;
        }

        return length == 0 ? crc : Crc32C.Append(crc, new byte[length]);
    }

    /// <summary>Tags for every page of at most one extent of content.</summary>
    /// <param name="crc">CRC-32C of the content, put together from those of its pages.</param>
    public byte[] Tag(ReadOnlySpan<byte> content, out Id128 extent, out uint crc)
    {
        var pages = PageTags.PagesOf(content.Length);
        var tags = new byte[pages * PageTags.TagSize];
        _hasher.TagPieces(content, PageTags.PageSize, tags, PageTags.TagSize);
        crc = 0;
        for (var page = 0; page < pages; page++)
        {
            var at = page * PageTags.PageSize;
            var bytes = content.Slice(at, Math.Min(PageTags.PageSize, content.Length - at));
            var tag = tags.AsSpan(page * PageTags.TagSize, PageTags.TagSize);
            var pageCrc = Crc32C.Compute(bytes);
            BinaryPrimitives.WriteUInt32LittleEndian(tag[Id128.Size..], pageCrc);
            crc = bytes.Length == PageTags.PageSize
                ? PageShift.Apply(crc) ^ pageCrc
                : Crc32C.Combine(crc, pageCrc, bytes.Length);
        }

        extent = ExtentId(tags);
        return tags;
    }

    /// <summary>Bit n is set where page n of at most one extent of content does not have its tag.</summary>
    /// <param name="tags">As many as the content has pages. Their CRCs are not looked at: the rest is the stronger.</param>
    public ulong Differences(ReadOnlySpan<byte> content, ReadOnlySpan<byte> tags)
    {
        var here = _scratch.AsSpan(0, tags.Length);
        _hasher.TagPieces(content, PageTags.PageSize, here, PageTags.TagSize);
        var pages = 0UL;
        for (var page = 0; page * PageTags.TagSize < tags.Length; page++)
        {
            pages |= PageTags.Mac(here, page).SequenceEqual(PageTags.Mac(tags, page)) ? 0 : 1UL << page;
        }

        return pages;
    }

    /// <summary>The id of the extent whose pages have these tags.</summary>
    public Id128 ExtentId(ReadOnlySpan<byte> tags)
    {
        _hasher.Append("extent"u8);
        for (var page = 0; page * PageTags.TagSize < tags.Length; page++)
        {
            _hasher.Append(PageTags.Mac(tags, page));
        }

        return _hasher.Finish();
    }

    internal Id128 FrameId(ReadOnlySpan<Slot> slots)
    {
        _hasher.Append("frame"u8);
        Span<byte> encoded = stackalloc byte[1 + sizeof(int) + Id128.Size];
        foreach (var slot in slots)
        {
            encoded[0] = (byte)slot.Kind;
            BinaryPrimitives.WriteInt32LittleEndian(encoded[1..], slot.Length);
            slot.Id.Write(encoded[(1 + sizeof(int))..]);
            _hasher.Append(encoded);
        }

        return _hasher.Finish();
    }

    public void Dispose() => _hasher.Dispose();
}
