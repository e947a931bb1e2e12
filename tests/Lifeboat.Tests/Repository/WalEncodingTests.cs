using System.Buffers.Binary;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.WalArchive;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class WalEncodingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData((1 << 20) - 1)]
    [InlineData(2 << 20)]
    [InlineData((3 << 20) + 70000)]
    public async Task The_tag_is_the_one_of_the_format_however_many_threads_compute_it(int length)
    {
        var builder = await RepositoryBuilder.CreateAsync();
        var content = Noise(length);
        var expected = TagOfTheFormat(builder.Cluster.TagKey, content);
        Assert.Equal(expected, WalStore.TagOf(builder.Cluster, content));
        foreach (var workers in new[] { 1, 3 })
        {
            var encoding = WalEncoding.Of(builder.Cluster, content, 1, workers, meanwhile: null, default);
            Assert.Equal(expected, encoding.Tag);
            Assert.Equal(length, encoding.Length);
        }
    }

    [Fact]
    public async Task A_failure_beside_the_packing_is_the_failure_of_the_whole()
    {
        var builder = await RepositoryBuilder.CreateAsync();
        var failure = Assert.Throws<InvalidDataException>(() => WalEncoding.Of(
            builder.Cluster, Noise(5 << 20), 1, 2, () => throw new InvalidDataException("torn"), default));
        Assert.Equal("torn", failure.Message);
    }

    [Fact]
    public async Task Parts_cover_the_file_once_and_a_content_under_another_tag_is_damage()
    {
        var builder = await RepositoryBuilder.CreateAsync();
        var content = Noise((4 << 20) + 4321);
        var item = await builder.WalAsync("00000001000000000000000A", content);
        var read = new byte[content.Length];
        await WalDecoding.ReadAsync(
            builder.Cluster, item, (offset, part) => part.CopyTo(read.AsSpan((int)offset)), workers: 3, default);
        Assert.Equal(content, read);

        var failure = await Assert.ThrowsAnyAsync<LifeboatException>(async () => await WalDecoding.ReadAsync(
            builder.Cluster, item with { Tag = new Id128(1, 2) }, (_, _) => { }, workers: 3, default));
        Assert.Equal(ErrorCode.Damaged, failure.Code);
    }

    private static Id128 TagOfTheFormat(TagKey key, byte[] content)
    {
        using var hasher = key.NewHasher();
        using var tags = new MemoryStream();
        Span<byte> tag = stackalloc byte[Id128.Size];
        for (var at = 0; at < content.Length; at += 65536)
        {
            var piece = content.AsSpan(at, Math.Min(65536, content.Length - at));
            hasher.TagPieces(piece, piece.Length, tag, tag.Length);
            tags.Write(tag);
        }

        var message = new byte[11 + tags.Length];
        "wal"u8.CopyTo(message);
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(3), content.Length);
        tags.ToArray().CopyTo(message, 11);
        return hasher.Of(message);
    }

    // Half of it compresses.
    private static byte[] Noise(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content.AsSpan(0, length / 2));
        return content;
    }
}
