using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>Content whose stored copy is damaged is stored again, and then that copy serves everybody.</summary>
public sealed class StoredAnewTests
{
    private static readonly byte[] Content = RepositoryBuilder.Noise(PageTags.ExtentSize, seed: 5);

    [Fact]
    public async Task What_was_stored_anew_is_found_before_the_older_copy()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        await StoreAsync(cluster);
        var newer = await StoreAsync(cluster);
        var index = await FrameIndex.LoadAsync(cluster, default);
        var frame = newer.Frames[0];
        Assert.Equal(newer.Id, (await index.FindAsync(new FrameReference(frame.Id), default))!.Pack);
        Assert.Equal(newer.Id, (await index.FindExtentAsync(frame.Slots[0].Id, default))!.Value.Frame.Place!.Value.Pack);
        Assert.Equal(2, (await index.FindAllAsync(frame.Id, default)).Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_frame_that_is_damaged_in_one_pack_is_read_from_the_other(int damaged)
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        PackRecord[] packs = [await StoreAsync(cluster), await StoreAsync(cluster)];
        await FlipAsync(cluster, packs[damaged]);
        var entry = Entry(cluster, packs[0].Frames[0].Id);
        using (var reader = new ExtentReader(cluster, await FrameIndex.LoadAsync(cluster, default)))
        {
            Assert.Equal(Content, (await reader.ReadAsync("file", entry, default)).ToArray());
        }

        await FlipAsync(cluster, packs[1 - damaged]);
        using var none = new ExtentReader(cluster, await FrameIndex.LoadAsync(cluster, default));
        await Assert.ThrowsAsync<DamagedObjectException>(async () => await none.ReadAsync("file", entry, default));
    }

    private static ExtentEntry Entry(Cluster cluster, Id128 frame)
    {
        using var tagger = new ExtentTagger(cluster.TagKey);
        var tags = tagger.Tag(Content, out var id, out _);
        return new ExtentEntry(0, Content.Length, id, tags, new FrameReference(frame), 0, []);
    }

    private static async Task<PackRecord> StoreAsync(Cluster cluster)
    {
        var packs = new BackupPacks(cluster);
        PackRecord? stored = null;
        using var tagger = new ExtentTagger(cluster.TagKey);
        await using (var writer = new PackWriter(cluster, 1, tagger, pack => packs.Add(stored = pack)))
        {
            tagger.Tag(Content, out var id, out _);
            await writer.AddAsync(Content, SlotKind.Extent, id, default);
            await writer.FlushAsync(default);
        }

        await packs.WriteIndexAsync(default);
        return stored!;
    }

    private static async Task FlipAsync(Cluster cluster, PackRecord pack)
    {
        var name = new ObjectName($"clusters/{cluster.Name}/packs/{pack.Id}");
        var content = await cluster.Store.ReadAllAsync(name, default);
        content![pack.Frames[0].Offset + 100] ^= 1;
        await cluster.Store.PutAsync(name, content, PutCondition.Overwrite, default);
    }
}
