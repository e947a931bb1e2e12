using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;

namespace Lifeboat.Repository.Frames;

/// <summary>What the CRCs in an extent's tags amount to.</summary>
internal static class TagCrcs
{
    private static readonly Crc32CShift PageShift = Crc32CShift.ForLength(PageTags.PageSize);

    /// <summary>A fingerprint of the list of CRCs.</summary>
    internal static uint Fingerprint(ReadOnlySpan<byte> tags)
    {
        uint fingerprint = 0;
        Span<byte> crc = stackalloc byte[sizeof(uint)];
        for (var page = 0; page * PageTags.TagSize < tags.Length; page++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(crc, PageTags.Crc(tags, page));
            fingerprint = Crc32C.Append(fingerprint, crc);
        }

        return fingerprint;
    }

    /// <summary>The CRC of a file up to the end of an extent, from the CRC up to its beginning.</summary>
    internal static uint Append(uint crc, ReadOnlySpan<byte> tags, int length)
    {
        for (var page = 0; length > 0; page++)
        {
            var bytes = Math.Min(length, PageTags.PageSize);
            crc = bytes == PageTags.PageSize
                ? PageShift.Apply(crc) ^ PageTags.Crc(tags, page)
                : Crc32C.Combine(crc, PageTags.Crc(tags, page), bytes);
            length -= bytes;
        }

        return crc;
    }
}
