using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Keys;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>Our own hash of pieces against the library's, which knows nothing of it.</summary>
public sealed class PieceHasherTests
{
    public static TheoryData<int> Lengths =>
    [
        .. Enumerable.Range(0, 600),
        4096, 8191, 8192, 8193, 32768, 65535, 65536, 131072, 262144, 1 << 20,
    ];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Both_ways_give_the_same(int length)
    {
        var random = new Random(length);
        var key = new byte[32];
        random.NextBytes(key);
        var piece = new byte[length + 3];
        random.NextBytes(piece);
        if (length % 7 == 0)
        {
            piece.AsSpan().Fill((byte)(length % 2 == 0 ? 0x00 : 0xFF));
        }

        // At any place in memory.
        var content = piece.AsSpan(length % 4, length);
        using var one = new PieceHasher(key);
        using var other = new PieceHasher(key, useLibrary: true);
        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        one.Hash(content, first);
        other.Hash(content, second);
        Assert.Equal(second.ToArray(), first.ToArray());
    }

    /// <summary>Keys of few bits carry in other places than random ones.</summary>
    [Fact]
    public void Every_bit_of_the_hash_key_is_multiplied_as_the_standard_says()
    {
        if (!Ghash.IsSupported)
        {
            Assert.Throws<PlatformNotSupportedException>(() => new Ghash(new byte[16]));
            return;
        }

        var block = new byte[16];
        Span<byte> hash = stackalloc byte[16];
        for (var bit = 0; bit < 128; bit++)
        {
            var key = new byte[16];
            key[bit / 8] = (byte)(0x80 >> (bit % 8));
            for (var other = 0; other < 128; other++)
            {
                block.AsSpan().Clear();
                block[other / 8] = (byte)(0x80 >> (other % 8));
                new Ghash(key).Compute(block, hash);
                Assert.Equal(Slow(key, block), hash.ToArray());
            }
        }
    }

    /// <summary>GHASH of one block and its length, bit by bit (NIST SP 800-38D, algorithms 1 and 2).</summary>
    private static byte[] Slow(byte[] key, byte[] block)
    {
        var lengths = new byte[16];
        lengths[7] = 128;
        return Multiply(Xor(Multiply(block, key), lengths), key);
    }

    private static byte[] Multiply(byte[] x, byte[] y)
    {
        var product = new byte[16];
        var shifted = (byte[])y.Clone();
        for (var bit = 0; bit < 128; bit++)
        {
            if ((x[bit / 8] & (0x80 >> (bit % 8))) != 0)
            {
                product = Xor(product, shifted);
            }

            var isOdd = (shifted[15] & 1) != 0;
            for (var at = 15; at >= 0; at--)
            {
                shifted[at] = (byte)((shifted[at] >> 1) | (at > 0 ? shifted[at - 1] << 7 : 0));
            }

            shifted[0] ^= isOdd ? (byte)0xE1 : (byte)0;
        }

        return product;
    }

    private static byte[] Xor(byte[] a, byte[] b) => [.. a.Zip(b, (one, other) => (byte)(one ^ other))];
}
