using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// Content identities under one <see cref="TagKey"/>: HMAC-SHA-256 cut to 16 bytes, and tags of pieces, which are much content
/// and need to be quick (docs/decisions/0017). Used by one thread at a time.
/// </summary>
internal sealed class ContentHasher : IDisposable
{
    /// <summary>Pieces that are covered at once.</summary>
    private const int Batch = 32;

    private readonly IncrementalHash _hash;
    private readonly byte[] _hashKey;
    private readonly byte[] _coverKey;
    private PieceHasher? _pieces;
    private Aes? _cover;

    internal ContentHasher(byte[] key, byte[] hashKey, byte[] coverKey)
    {
        _hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        _hashKey = hashKey;
        _coverKey = coverKey;
    }

    internal void Append(ReadOnlySpan<byte> content) => _hash.AppendData(content);

    internal Id128 Finish()
    {
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(full);
        return Id128.Read(full);
    }

    internal Id128 Of(ReadOnlySpan<byte> content)
    {
        _hash.AppendData(content);
        return Finish();
    }

    /// <summary>The tag of every piece of the content, 16 bytes each.</summary>
    /// <param name="pieceSize">Bytes of a piece; the last one may be shorter.</param>
    /// <param name="tags">Where the first goes; the next follow at every <paramref name="stride"/> bytes.</param>
    internal void TagPieces(ReadOnlySpan<byte> content, int pieceSize, Span<byte> tags, int stride)
    {
        _pieces ??= new PieceHasher(_hashKey);
        if (_cover is null)
        {
            _cover = Aes.Create();
            _cover.Key = _coverKey;
        }

        Span<byte> hashes = stackalloc byte[Batch * Id128.Size];
        Span<byte> covered = stackalloc byte[Batch * Id128.Size];
        while (content.Length > 0)
        {
            var count = 0;
            for (; count < Batch && content.Length > 0; count++)
            {
                var piece = content[..Math.Min(pieceSize, content.Length)];
                _pieces.Hash(piece, hashes.Slice(count * Id128.Size, Id128.Size));
                content = content[piece.Length..];
            }

            _cover.EncryptEcb(hashes[..(count * Id128.Size)], covered, PaddingMode.None);
            for (var at = 0; at < count; at++)
            {
                covered.Slice(at * Id128.Size, Id128.Size).CopyTo(tags);
                tags = tags[Math.Min(stride, tags.Length)..];
            }
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _pieces?.Dispose();
        _cover?.Dispose();
    }
}
