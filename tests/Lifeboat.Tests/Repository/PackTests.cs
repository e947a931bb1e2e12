using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class PackTests
{
    [Fact]
    public async Task Several_writers_at_once_store_everything_where_their_references_say()
    {
        var cluster = (await RepositoryBuilder.CreateAsync(encrypted: true)).Cluster;
        var packs = new BackupPacks(cluster);
        var all = await Task.WhenAll(Enumerable.Range(0, 3).Select(worker => Task.Run(() => WriteAsync(cluster, packs, worker))));
        await packs.WriteIndexAsync(default);
        using var index = await FrameIndex.LoadAsync(cluster, default);
        Assert.Empty(index.Unlisted);
        using var source = new FrameSource(cluster);
        var plain = new byte[1 << 20];
        foreach (var (content, frame, slot) in all.SelectMany(one => one))
        {
            Assert.True(frame.IsClosed);
            var location = (await index.FindAsync(new FrameReference(frame.Id), default))!;
            Assert.Equal(location.Pack, (await index.FindAsync(frame, default))!.Pack);
            await source.ReadAsync(location, plain, default);
            Assert.Equal(content, plain.AsSpan(Slot.OffsetOf(location.Frame.Slots, slot), content.Length).ToArray());
        }
    }

    [Fact]
    public async Task A_long_backup_lists_its_packs_as_it_goes_and_all_are_found()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var packs = new BackupPacks(cluster, mostSlots: 40);
        var stored = new List<(byte[] Content, FrameReference Frame, int Slot)>();
        for (var worker = 0; worker < 5; worker++)
        {
            stored.AddRange(await WriteAsync(cluster, packs, worker));
            await packs.RelieveAsync(default);
        }

        // Each writer stored 30 slots: the second and the fourth found too many waiting.
        using (var early = await FrameIndex.LoadAsync(cluster, default))
        {
            Assert.Single(early.Unlisted);
        }

        var last = await packs.WriteIndexAsync(default);
        Assert.NotNull(last);
        Assert.Equal(last, await packs.WriteIndexAsync(default));
        using var index = await FrameIndex.LoadAsync(cluster, default);
        Assert.Empty(index.Unlisted);
        foreach (var (_, frame, _) in stored)
        {
            Assert.NotEmpty(await index.FindAllAsync(frame.Id, default));
        }
    }

    [Fact]
    public async Task A_pack_is_closed_at_its_bound_and_frames_at_theirs()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var finished = new List<PackRecord>();
        using var tagger = new ExtentTagger(cluster.TagKey);
        await using (var writer = new PackWriter(cluster, 1, tagger, finished.Add))
        {
            for (var extent = 0; extent < 280; extent++)
            {
                var content = RepositoryBuilder.Noise(PageTags.ExtentSize, extent);
                tagger.Tag(content, out var id, out _);
                await writer.AddAsync(content, SlotKind.Extent, id, default);
            }

            for (var small = 0; small < 5000; small++)
            {
                await writer.AddAsync(new byte[1], SlotKind.Extent, new Id128(1, (ulong)small), default);
            }

            await Assert.ThrowsAnyAsync<ArgumentException>(
                async () => await writer.AddAsync(new byte[(1 << 20) + 1], SlotKind.Extent, default, default));
            await writer.FlushAsync(default);
        }

        Assert.Equal(2, finished.Count);
        Assert.InRange(finished[0].Size, 64L << 20, 66L << 20);
        Assert.All(finished.SelectMany(pack => pack.Frames), frame => Assert.InRange(frame.Slots.Length, 1, 4096));
        Assert.Equal(280 + 5000, finished.Sum(pack => pack.Frames.Sum(frame => frame.Slots.Length)));
    }

    [Fact]
    public async Task A_reference_is_open_until_its_frame_is_written()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        using var tagger = new ExtentTagger(cluster.TagKey);
        await using var writer = new PackWriter(cluster, 1, tagger, _ => { });
        var (frame, _) = await writer.AddAsync(new byte[] { 1 }, SlotKind.Extent, new Id128(1, 1), default);
        Assert.False(frame.IsClosed);
        Assert.True(writer.HasOpenFrame);
        Assert.Throws<InvalidOperationException>(() => frame.Id);
        await writer.CloseFrameAsync(default);
        Assert.True(frame.IsClosed);
        Assert.False(writer.HasOpenFrame);
    }

    [Fact]
    public async Task The_index_offers_only_what_is_really_there()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        var packs = (await StoreCopy.ReadAsync(built.Store)).Where(pair => pair.Key.Contains("/packs/", StringComparison.Ordinal)).ToList();
        var lost = Id128.Parse(packs[0].Key[^32..]);
        var record = await PackDirectory.ReadAsync(built.Cluster, lost, size: null, default);
        var (frame, extent) = (record.Frames[0].Id, record.Frames[0].Slots[0].Id);
        using var whole = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Equal(lost, Assert.Single(await whole.FindAllAsync(frame, default)).Pack);
        Assert.Equal((lost, 0), (await whole.FindExtentAsync(extent, default))?.Frame.Place is { } place ? (place.Pack, 0) : default);
        await built.Store.DeleteAsync(new ObjectName(packs[0].Key), default);
        using var without = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Empty(without.Damage);
        Assert.Empty(await without.FindAllAsync(frame, default));
        Assert.Null(await without.FindExtentAsync(extent, default));
        Assert.Equal(lost, await without.FindLostAsync(frame, default));

        await built.Store.ReplaceAsync(packs[0].Key, packs[0].Value[..^40]);
        using var truncated = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Empty(await truncated.FindAllAsync(frame, default));
        Assert.Equal(packs[0].Key, Assert.Single(truncated.Damage).Name.Value);
    }

    [Fact]
    public void Slots_that_no_frame_can_have_are_refused()
    {
        foreach (var (count, length) in new[] { (4097, 1), (2, 600_000), (1, (1 << 20) + 1) })
        {
            var sink = new ByteSink();
            Slot.WriteAll(sink, Enumerable.Repeat(new Slot(SlotKind.Extent, length, default), count).ToArray());
            Assert.Throws<DecodingException>(() =>
            {
                var source = new ByteSource(sink.Span);
                Slot.ReadAll(ref source);
            });
        }
    }

    [Fact]
    public async Task A_manifest_comes_back_whole_and_its_id_is_never_used_twice()
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted: true);
        var manifest = built.Manifest("0/2000028", "FFFFFFFF/2000100", new BackupChanges()) with
        {
            Tablespaces = [new TablespaceFacts(4294967295, "/odd/\\x41\uDCFF\"\u00e9\n")],
            Configuration = [new ConfigurationFile("include", "/a\\b", "c", [0, 255, 10])],
            Reason = "because \"x\"",
            Warnings = ["one", ""],
        };
        CatalogLine[] catalog = [new(5, "d\n\"b"), new(5, null, 16384, "public", "t\u00e9", "r", 16384, 0, "p", 0)];
        await BackupCatalog.PutAsync(built.Cluster, manifest, catalog, default);
        var read = await BackupCatalog.FindAsync(built.Cluster, manifest.Id[..16], default);
        Assert.Equal(
            System.Text.Json.JsonSerializer.Serialize(manifest, RepositoryJson.Default.BackupManifest),
            System.Text.Json.JsonSerializer.Serialize(read, RepositoryJson.Default.BackupManifest));
        Assert.Equal(manifest.Tablespaces, read.Tablespaces);
        Assert.Equal(catalog, await BackupCatalog.ReadCatalogAsync(built.Cluster, read, default));
        await Assert.ThrowsAsync<Lifeboat.Platform.Errors.LifeboatException>(
            async () => await BackupCatalog.PutAsync(built.Cluster, manifest, [], default));
    }

    [Fact]
    public async Task The_latest_backup_is_not_guessed_while_a_newer_manifest_cannot_be_read()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var (first, second) = await built.FillAsync();
        Assert.Equal(second.Id, (await BackupCatalog.FindAsync(built.Cluster, "latest", default)).Id);
        var name = (await StoreCopy.ReadAsync(built.Store)).Keys.Single(name => name.EndsWith($"{second.Id}/manifest", StringComparison.Ordinal));
        await built.Store.ReplaceAsync(name, [1]);
        var failure = await Assert.ThrowsAsync<Lifeboat.Platform.Errors.LifeboatException>(
            async () => await BackupCatalog.FindAsync(built.Cluster, "latest", default));
        Assert.Contains(first.Id, failure.Failure.Hint, StringComparison.Ordinal);
        Assert.Equal(first.Id, (await BackupCatalog.FindAsync(built.Cluster, first.Id, default)).Id);
    }

    private static async Task<List<(byte[] Content, FrameReference Frame, int Slot)>> WriteAsync(
        Cluster cluster, BackupPacks packs, int worker)
    {
        var stored = new List<(byte[], FrameReference, int)>();
        using var tagger = new ExtentTagger(cluster.TagKey);
        await using var writer = new PackWriter(cluster, 1, tagger, packs.Add);
        var random = new Random(worker);
        for (var number = 0; number < 30; number++)
        {
            var content = RepositoryBuilder.Noise(random.Next(1, PageTags.ExtentSize), (worker * 1000) + number);
            tagger.Tag(content, out var id, out _);
            var (frame, slot) = await writer.AddAsync(content, SlotKind.Extent, id, default);
            stored.Add((content, frame, slot));
        }

        await writer.FlushAsync(default);
        return stored;
    }
}
