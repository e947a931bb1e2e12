using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class ParallelHmacTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(value => (byte)(value * 7))];

    /// <summary>Runs on every processor: where there are no vectors, the tags come from the library's HMAC.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(16 * 8192)]
    [InlineData((16 * 8192) + 100)]
    [InlineData((31 * 8192) + 8191)]
    [InlineData(32 * 8192)]
    public void Tags_are_the_HMACs_of_the_pages(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        using var tagger = new ExtentTagger(new TagKey(Key));

        var tags = tagger.Tag(content, out _, out _);

        for (var page = 0; page < PageTags.PagesOf(length); page++)
        {
            var bytes = content.AsSpan(page * PageTags.PageSize);
            bytes = bytes[..Math.Min(PageTags.PageSize, bytes.Length)];
            Assert.Equal(HMACSHA256.HashData(Key, bytes)[..Id128.Size], PageTags.Mac(tags, page).ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(32)]
    [InlineData(64)]
    public void Every_lane_has_the_HMAC_of_its_own_message_under_keys_of_every_length(int keyLength)
    {
        var key = new byte[keyLength];
        new Random(keyLength).NextBytes(key);
        foreach (var length in ParallelHmac.IsSupported ? new[] { 0, 64, 128, 8192 } : [])
        {
            var messages = new byte[length * ParallelHmac.Lanes];
            new Random(length).NextBytes(messages);
            var macs = new byte[ParallelHmac.Lanes * 20];
            new ParallelHmac(key).Compute(messages, length, macs, stride: 20);
            for (var lane = 0; lane < ParallelHmac.Lanes; lane++)
            {
                Assert.Equal(
                    HMACSHA256.HashData(key, messages.AsSpan(lane * length, length))[..Id128.Size],
                    macs.AsSpan(lane * 20, Id128.Size).ToArray());
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new ParallelHmac(new byte[ParallelHmac.BlockSize + 1]));
    }
}
