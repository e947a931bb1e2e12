using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The content tag of a WAL file: HMAC-SHA-256 over the tags of its pieces of 64 KiB, which can be made on several threads.
/// </summary>
internal static class WalTag
{
    /// <summary>Bytes of a piece; the last of a file may be shorter.</summary>
    internal const int PieceSize = 64 << 10;

    /// <summary>Bytes that all tags of a content of this length take.</summary>
    internal static int Size(int length) => (length + PieceSize - 1) / PieceSize * Id128.Size;

    /// <summary>The tags of the pieces of a part of a file that begins at a multiple of <see cref="PieceSize"/>.</summary>
    internal static void OfPieces(ContentHasher hasher, ReadOnlySpan<byte> part, Span<byte> tags) =>
        hasher.TagPieces(part, PieceSize, tags, Id128.Size);

    /// <param name="length">Bytes of the whole content.</param>
    /// <param name="tags">Of all its pieces, in order.</param>
    internal static Id128 Of(ContentHasher hasher, long length, ReadOnlySpan<byte> tags)
    {
        Span<byte> head = stackalloc byte[11];
        "wal"u8.CopyTo(head);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(head[3..], length);
        hasher.Append(head);
        return hasher.Of(tags);
    }
}
