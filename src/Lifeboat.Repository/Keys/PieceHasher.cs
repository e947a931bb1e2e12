using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// GMAC-AES-256 under the nonce of zeros: the system's library, or our own multiplication where the processor has it for two
/// blocks at once, since a call of the library for each page costs a fifth of hashing it. Used by one thread at a time.
/// </summary>
internal sealed class PieceHasher : IDisposable
{
    private const int NonceSize = 12;

    private readonly AesGcm? _library;
    private readonly Ghash? _ghash;
    private readonly Vector128<byte> _cover;

    /// <param name="useLibrary">Whatever the processor has.</param>
    internal PieceHasher(byte[] key, bool useLibrary = false)
    {
        if (useLibrary || !Ghash.IsSupported)
        {
            _library = new AesGcm(key, Id128.Size);
            return;
        }

        using var cipher = Aes.Create();
        cipher.Key = key;
        Span<byte> block = stackalloc byte[Ghash.BlockSize];
        block.Clear();
        cipher.EncryptEcb(block, block, PaddingMode.None);
        _ghash = new Ghash(block);

        // The first counter: the nonce and 1.
        block.Clear();
        block[^1] = 1;
        cipher.EncryptEcb(block, block, PaddingMode.None);
        _cover = Vector128.Create<byte>(block);
    }

    /// <summary>The 16 bytes that stand for a piece.</summary>
    internal void Hash(ReadOnlySpan<byte> piece, Span<byte> hash)
    {
        if (_ghash is not null)
        {
            _ghash.Compute(piece, hash);
            (Vector128.Create<byte>(hash) ^ _cover).CopyTo(hash);
            return;
        }

        Span<byte> nonce = stackalloc byte[NonceSize];
        nonce.Clear();
        _library!.Encrypt(nonce, plaintext: default, ciphertext: default, hash, piece);
    }

    public void Dispose() => _library?.Dispose();
}
