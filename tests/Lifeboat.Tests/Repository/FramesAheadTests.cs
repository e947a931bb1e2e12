using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class FramesAheadTests
{
    private const int Extents = 96; // of noise, so that 4 fill a frame: 24 frames, three ranges of at most 8 MiB

    [Fact]
    public async Task What_lies_side_by_side_is_read_in_one_request_and_is_what_was_stored()
    {
        var (store, cluster, entries) = await StoredAsync();
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        await ReadAsync(reader, entries[..1]); // the pack's header and directory
        var before = store.Count;
        await using (reader.Expect(entries, default))
        {
            await ReadAsync(reader, entries);
        }

        Assert.InRange(store.Count - before, 3, 4);

        // What was forgotten is asked for again: one request for each frame.
        before = store.Count;
        await ReadAsync(reader, entries);
        Assert.Equal(Extents / 4, store.Count - before);
    }

    [Fact]
    public async Task What_lies_far_apart_is_read_by_itself()
    {
        var (store, cluster, entries) = await StoredAsync();
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        await ReadAsync(reader, entries[..1]);
        var some = entries.Where((_, at) => at / 4 % 4 == 3).ToArray(); // each fourth frame
        var before = store.Count;
        await using (reader.Expect(some, default))
        {
            await ReadAsync(reader, some);
        }

        Assert.Equal(Extents / 16, store.Count - before);
    }

    [Fact]
    public async Task A_store_that_is_near_is_not_asked_ahead()
    {
        var (_, cluster, entries) = await StoredAsync(isDistant: false);
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        Assert.Null(reader.Expect(entries, default));
    }

    [Theory]
    [InlineData(StoreFaultKind.Before)]
    [InlineData(StoreFaultKind.After)]
    [InlineData(StoreFaultKind.CutRead)]
    public async Task What_did_not_come_is_asked_for_by_whoever_needs_it(StoreFaultKind kind)
    {
        var (store, cluster, entries) = await StoredAsync();
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        await ReadAsync(reader, entries[..1]);
        store.Fault = new StoreFault(2, ForGood: false, kind);
        await using (reader.Expect(entries, default))
        {
            await ReadAsync(reader, entries);
        }

        Assert.True(store.Struck);
        store.Fault = new StoreFault(1, ForGood: true, StoreFaultKind.Before);
        await using var never = reader.Expect(entries, default);
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(() => ReadAsync(reader, entries));
        Assert.Equal(ErrorCode.StoreUnavailable, failure.Code);
    }

    [Fact]
    public async Task Damage_within_a_range_hurts_its_frame_alone()
    {
        var (_, cluster, entries) = await StoredAsync();
        using var index = FrameIndex.ForReading(cluster);
        var location = (await index.FindAsync(entries[20].Base!, default))!;
        var name = new ObjectName($"clusters/{cluster.Name}/packs/{location.Pack}");
        var content = (await cluster.Store.ReadAllAsync(name, default))!;
        content[location.Frame.Offset + 100] ^= 1;
        await cluster.Store.PutAsync(name, content, PutCondition.Overwrite, default);
        using var reader = new ExtentReader(cluster, index);
        await using var expected = reader.Expect(entries, default);
        await ReadAsync(reader, entries[..20]);
        var damage = await Assert.ThrowsAsync<DamagedObjectException>(() => ReadAsync(reader, entries[20..21]));
        Assert.Equal(name, damage.Name);
        await ReadAsync(reader, entries[24..]);
    }

    [Fact]
    public async Task A_check_of_a_distant_store_finds_the_same_with_fewer_requests()
    {
        var store = new MemoryObjectStore(TimeProvider.System);
        var built = await RepositoryBuilder.CreateAsync(encrypted: true, store);
        await built.BackupAsync(
            new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["base/5/1"] = RepositoryBuilder.Noise(24 << 20, 7) },
            "0/100000",
            "0/100000");
        var pack = (await store.ListAsync("clusters/main/packs/", default).ToListAsync()).MaxBy(found => found.Size)!;
        var content = (await store.ReadAllAsync(pack.Name, default))!;
        content[content.Length / 2] ^= 1;
        await store.PutAsync(pack.Name, content, PutCondition.Overwrite, default);
        var near = await CheckAsync(isDistant: false);
        var distant = await CheckAsync(isDistant: true);
        Assert.Contains(near.Findings, finding => finding.Contains("frame", StringComparison.Ordinal));
        Assert.Equal(near.Findings, distant.Findings);
        Assert.InRange(near.Requests - distant.Requests, 15, 30); // 24 frames in 3 requests, and one of them read again

        async Task<(string[] Findings, long Requests)> CheckAsync(bool isDistant)
        {
            var counted = new FaultyStore(store) { IsDistant = isDistant };
            var repository = await RepositoryRoot.OpenAsync(counted, built.Secret, TimeProvider.System, default);
            var report = await RepositoryCheck.RunAsync(
                repository, new CheckOptions { ReadData = true }, progress: null, default);
            return ([.. report.Findings.Select(finding => finding.ToString()!)], counted.Count);
        }
    }

    private static async Task<(FaultyStore Store, Cluster Cluster, ExtentEntry[] Entries)> StoredAsync(bool isDistant = true)
    {
        var store = new FaultyStore(new MemoryObjectStore(TimeProvider.System)) { IsDistant = isDistant };
        var cluster = (await RepositoryBuilder.CreateAsync(encrypted: true, store)).Cluster;
        var entries = new ExtentEntry[Extents];
        using var tagger = new ExtentTagger(cluster.TagKey);
        await using var writer = new PackWriter(cluster, 1, tagger, _ => { });
        for (var number = 0; number < Extents; number++)
        {
            var content = Content(number);
            var tags = tagger.Tag(content, out var id, out _);
            var (frame, slot) = await writer.AddAsync(content, SlotKind.Extent, id, default);
            entries[number] = new ExtentEntry(number, content.Length, id, tags, frame, slot, []);
        }

        await writer.FlushAsync(default);
        return (store, cluster, entries);
    }

    private static byte[] Content(int number) => RepositoryBuilder.Noise(PageTags.ExtentSize, number);

    private static async Task ReadAsync(ExtentReader reader, ExtentEntry[] entries)
    {
        foreach (var entry in entries)
        {
            Assert.Equal(Content(entry.Number), (await reader.ReadAsync("file", entry, default)).ToArray());
        }
    }
}
