using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>The sums, keys and tags of docs/format, from primitives of the platform.</summary>
internal static class FormatCrypto
{
    internal const int PieceOfWal = 1 << 16;

    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(index =>
    {
        var value = (uint)index;
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78u : 0);
        }

        return value;
    })];

    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var state = uint.MaxValue;
        foreach (var value in bytes)
        {
            state = s_table[(state ^ value) & 0xFF] ^ (state >> 8);
        }

        return ~state;
    }

    internal static byte[] Derive(byte[] key, string info, byte[]? salt = null) =>
        Derive(key, salt ?? [], Encoding.ASCII.GetBytes(info));

    internal static byte[] Derive(byte[] key, byte[] salt, byte[] info) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, salt, info);

    /// <summary>The tags under a cluster's tag key.</summary>
    internal sealed class Tags : IDisposable
    {
        private readonly byte[] _key;
        private readonly AesGcm _hash;
        private readonly Aes _cover;

        internal Tags(byte[] key)
        {
            _key = key;
            _hash = new AesGcm(Derive(key, "lifeboat piece hash v0"), 16);
            _cover = Aes.Create();
            _cover.Key = Derive(key, "lifeboat piece cover v0");
        }

        internal byte[] Piece(ReadOnlySpan<byte> piece)
        {
            var tag = new byte[16];
            _hash.Encrypt(new byte[12], [], [], tag, piece);
            return _cover.EncryptEcb(tag, PaddingMode.None);
        }

        /// <summary>The first 16 bytes of an HMAC over a word and what follows it.</summary>
        internal string Id(string word, ReadOnlySpan<byte> rest) =>
            Convert.ToHexStringLower(HMACSHA256.HashData(_key, (byte[])[.. Encoding.ASCII.GetBytes(word), .. rest]).AsSpan(0, 16));

        internal string WalContent(ReadOnlySpan<byte> content)
        {
            var message = new MemoryStream();
            message.Write(BitConverter.GetBytes((long)content.Length));
            for (var at = 0; at < content.Length; at += PieceOfWal)
            {
                message.Write(Piece(content.Slice(at, Math.Min(PieceOfWal, content.Length - at))));
            }

            return Id("wal", message.ToArray());
        }

        public void Dispose()
        {
            _hash.Dispose();
            _cover.Dispose();
        }
    }

    internal static byte[] Decompress(byte[] payload, int length)
    {
        var plain = new byte[length];
        var count = (long)ZSTD_decompress(plain, (nuint)length, payload, (nuint)payload.Length);
        return count == length ? plain : throw new FormatError($"a frame expands to {count} bytes and not to {length}");
    }

    [DllImport("libzstd.so.1")]
    private static extern nuint ZSTD_decompress(byte[] into, nuint size, byte[] from, nuint length);
}
