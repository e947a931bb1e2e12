using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>Tags of pieces as docs/format/repository-v0.md has them; the golden repository has some of another program's.</summary>
public sealed class PieceTagTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(value => (byte)(value * 7))];

    [Theory]
    [InlineData(1)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(16 * 8192)]
    [InlineData((16 * 8192) + 100)]
    [InlineData((31 * 8192) + 8191)]
    [InlineData(32 * 8192)]
    public void Every_page_has_the_tag_of_the_format(int length)
    {
        var content = Noise(length);
        using var tagger = new ExtentTagger(new TagKey(Key));

        var tags = tagger.Tag(content, out _, out _);

        for (var page = 0; page < PageTags.PagesOf(length); page++)
        {
            var bytes = content.AsSpan(page * PageTags.PageSize);
            bytes = bytes[..Math.Min(PageTags.PageSize, bytes.Length)];
            Assert.Equal(OfTheFormat(Key, bytes), PageTags.Mac(tags, page).ToArray());
        }
    }

    [Theory]
    [InlineData(0, 64, 16)]
    [InlineData(1, 64, 16)]
    [InlineData(64 * 33, 64, 16)]
    [InlineData((64 * 70) + 5, 64, 24)]
    [InlineData((3 << 16) + 1, 1 << 16, 16)]
    public void Pieces_are_tagged_one_by_one_whatever_their_number_and_the_room_between(int length, int piece, int stride)
    {
        var content = Noise(length);
        var count = (length + piece - 1) / piece;
        var tags = new byte[count * stride];
        using var hasher = new TagKey(Key).NewHasher();

        hasher.TagPieces(content, piece, tags, stride);

        for (var at = 0; at < count; at++)
        {
            var bytes = content.AsSpan(at * piece, Math.Min(piece, length - (at * piece)));
            Assert.Equal(OfTheFormat(Key, bytes), tags.AsSpan(at * stride, Id128.Size).ToArray());
            Assert.All(tags[((at * stride) + Id128.Size)..((at + 1) * stride)], value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void A_piece_of_zeros_has_another_tag_than_a_shorter_or_longer_one_and_than_under_another_key()
    {
        var tags = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in new[] { Key, [.. Key.Reverse()] })
        {
            foreach (var length in new[] { 1, 15, 16, 17, 8191, 8192 })
            {
                Assert.True(tags.Add(Convert.ToHexString(Tag(key, new byte[length]))), $"{length} bytes");
            }
        }
    }

    private static byte[] Tag(byte[] key, byte[] piece)
    {
        using var hasher = new TagKey(key).NewHasher();
        var tag = new byte[Id128.Size];
        hasher.TagPieces(piece, piece.Length, tag, tag.Length);
        return tag;
    }

    internal static byte[] OfTheFormat(byte[] key, ReadOnlySpan<byte> piece)
    {
        var hashKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, salt: [], "lifeboat piece hash v0"u8.ToArray());
        var coverKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, salt: [], "lifeboat piece cover v0"u8.ToArray());
        using var gcm = new AesGcm(hashKey, Id128.Size);
        var hash = new byte[Id128.Size];
        gcm.Encrypt(new byte[12], [], [], hash, piece);
        using var aes = Aes.Create();
        aes.Key = coverKey;
        return aes.EncryptEcb(hash, PaddingMode.None);
    }

    private static byte[] Noise(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
