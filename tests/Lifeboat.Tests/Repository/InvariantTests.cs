using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Packs;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// The numbered invariants of docs/format. I9 is in <see cref="MapTests"/>; W4 and W5 are kept by what archives and
/// recovers, W10 to W12 by what streams (Lifeboat.Tests.Receive).
/// </summary>
public sealed class InvariantTests
{
    private const int Seed = 4711;

    private static readonly ObjectName Name = new("clusters/main/packs/" + new string('a', 32));

    [Fact]
    public async Task I1_when_a_manifest_can_be_seen_everything_it_needs_is_durable()
    {
        var store = new FaultyStore(new MemoryObjectStore(TimeProvider.System));
        var built = await RepositoryBuilder.CreateAsync(store: store);
        await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100");
        var puts = store.Trace.Where(step => step.StartsWith("Complete ", StringComparison.Ordinal)).ToList();
        Assert.EndsWith("/manifest", puts[^1], StringComparison.Ordinal);
        Assert.Contains("/maps/", puts[^2], StringComparison.Ordinal);
        Assert.Contains("/index/", puts[^3], StringComparison.Ordinal);
        Assert.Contains("/packs/", puts[^4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task I2_an_object_under_another_name_is_swapped_not_damaged()
    {
        var (store, key) = (new MemoryObjectStore(TimeProvider.System), Key(encrypts: true));
        var bytes = await SealAsync(store, key, [[1, 2, 3]]);
        var other = new ObjectName("clusters/main/packs/" + new string('b', 32));
        await store.PutAsync(other, bytes, PutCondition.IfAbsent, default);
        Assert.Equal(DamageKind.Swapped, (await FailAsync(store, other, key)).Kind);
        Assert.Equal(DamageKind.Swapped, (await FailAsync(store, Name, key, ContainerKind.MapRun)).Kind);
    }

    [Fact]
    public async Task I3_an_object_of_another_repository_or_cluster_is_foreign()
    {
        var (store, key) = (new MemoryObjectStore(TimeProvider.System), Key(encrypts: true));
        await SealAsync(store, key, [[1, 2, 3]]);
        var other = new SealingKey(Id128.NewRandom(), new byte[32], encrypts: true);
        Assert.Equal(DamageKind.Foreign, (await FailAsync(store, Name, other)).Kind);
        foreach (var encrypted in new[] { false, true })
        {
            var one = await RepositoryBuilder.CreateAsync(encrypted);
            var two = await RepositoryBuilder.CreateAsync(encrypted);
            var record = (await StoreCopy.ReadAsync(two.Store))["clusters/main/cluster"];
            await one.Store.ReplaceAsync("clusters/main/cluster", record);
            var damage = await Assert.ThrowsAsync<DamagedObjectException>(
                async () => await Lifeboat.Repository.Clusters.Cluster.OpenAsync(one.Repository, "main", default));
            Assert.Equal(DamageKind.Foreign, damage.Kind);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task I4_a_wrong_tag_with_a_right_crc_is_forgery_and_a_wrong_crc_is_damage(bool encrypts)
    {
        var (store, key) = (new MemoryObjectStore(TimeProvider.System), Key(encrypts));
        var bytes = await SealAsync(store, key, [RepositoryBuilder.Noise(1000, Seed)]);
        var forged = new SealingKey(key.Id, [.. Enumerable.Repeat((byte)9, 32)], encrypts);
        Assert.Equal(DamageKind.Forged, (await FailAsync(store, Name, forged)).Kind);

        var flipped = (byte[])bytes.Clone();
        flipped[200] ^= 1;
        await store.PutAsync(Name, flipped, PutCondition.Overwrite, default);
        Assert.Equal(DamageKind.Damaged, (await FailAsync(store, Name, key)).Kind);

        var frame = 128 + 12 + 1000 + 16;
        BitConverter.TryWriteBytes(flipped.AsSpan(frame), Crc32C.Compute(flipped.AsSpan(128, frame - 128)));
        await store.PutAsync(Name, flipped, PutCondition.Overwrite, default);
        Assert.Equal(DamageKind.Forged, (await FailAsync(store, Name, key)).Kind);
    }

    [Fact]
    public async Task I5_a_length_above_the_bound_is_an_error_before_anything_is_allocated()
    {
        var store = new MemoryObjectStore(TimeProvider.System);
        var key = Key(encrypts: false);
        var bytes = await SealAsync(store, key, [new byte[500_000]]);
        foreach (var declared in new[] { 1 << 21, int.MaxValue, -1, 400_000, 600_000 })
        {
            var changed = (byte[])bytes.Clone();
            BitConverter.TryWriteBytes(changed.AsSpan(128 + 4), declared);
            var length = BitConverter.ToInt32(changed, 128) + 12 + 16;
            BitConverter.TryWriteBytes(changed.AsSpan(128 + length), Crc32C.Compute(changed.AsSpan(128, length)));
            await store.PutAsync(Name, changed, PutCondition.Overwrite, default);
            var before = GC.GetAllocatedBytesForCurrentThread();
            await FailAsync(store, Name, key);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, $"declared {declared}");
        }

        using var compressor = new Compressor(1);
        var packed = new byte[1000];
        var stored = compressor.Compress(new byte[100_000], packed);
        Assert.True(stored > 0);
        Assert.False(compressor.Decompress(packed.AsSpan(0, stored), new byte[99_999]));
        Assert.False(compressor.Decompress(packed.AsSpan(0, stored), new byte[100_001]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task I6_any_flipped_bit_of_a_container_is_found(bool encrypts)
    {
        var (store, key) = (new MemoryObjectStore(TimeProvider.System), Key(encrypts));
        var bytes = await SealAsync(store, key, [[1, 2, 3], new byte[300], []]);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            await store.PutAsync(Name, bytes, PutCondition.Overwrite, default);
            await FailAsync(store, Name, key);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public async Task I7_the_index_holds_nothing_that_the_packs_do_not_say_themselves()
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted: true);
        await built.FillAsync();
        using var listed = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Empty(listed.Unlisted);
        var runs = (await StoreCopy.ReadAsync(built.Store)).Where(pair => pair.Key.Contains("/index/", StringComparison.Ordinal)).ToList();
        foreach (var (name, content) in runs)
        {
            var cut = content[..^1];
            await built.Store.ReplaceAsync(name, cut);
        }

        using var rebuilt = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Equal(runs.Count, rebuilt.Damage.Count);
        Assert.Equal(2, rebuilt.Unlisted.Count);
        foreach (var frame in rebuilt.Unlisted.SelectMany(pack => pack.Frames))
        {
            var there = Assert.Single(await listed.FindAllAsync(frame.Id, default)).Frame;
            Assert.Equal((frame.Number, frame.Offset, frame.Length), (there.Number, there.Offset, there.Length));
            Assert.Equal(frame.Slots.Select(slot => slot with { Id = default }), there.Slots);
            foreach (var slot in frame.Slots)
            {
                Assert.Equal(frame.Id, (await listed.FindExtentAsync(slot.Id, default))!.Value.Frame.Id);
            }
        }
    }

    [Fact]
    public void I8_the_crc_of_an_extent_is_that_of_its_bytes_however_it_is_put_together() =>
        Prop.ForAll<int>(seed =>
        {
            var content = RepositoryBuilder.Noise(new Random(seed).Next(1, PageTags.ExtentSize), seed);
            using var tagger = new ExtentTagger(new TagKey(new byte[32]));
            var tags = tagger.Tag(content, out var id, out var crc);
            return crc == Crc32C.Compute(content) && id == tagger.ExtentId(tags)
                && crc == TagCrcs.Append(0, tags, content.Length)
                && PageTags.FirstMismatch(content, tags) < 0
                && ExtentTagger.CrcOfZeros(content.Length) == Crc32C.Compute(new byte[content.Length]);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task W1_pushing_the_same_content_again_is_idempotent_and_trusts_only_what_reads_back()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var item = await built.SegmentAsync(1);
        var before = (await StoreCopy.ReadAsync(built.Store))[item.Name.Value];
        await built.SegmentAsync(1);
        Assert.Equal(before, (await StoreCopy.ReadAsync(built.Store))[item.Name.Value]);

        before[^100] ^= 1;
        await built.Store.ReplaceAsync(item.Name.Value, before);
        await Assert.ThrowsAsync<DamagedObjectException>(() => built.SegmentAsync(1));
        await built.Store.ReplaceAsync(item.Name.Value, []);
        await Assert.ThrowsAsync<DamagedObjectException>(() => built.SegmentAsync(1));
    }

    [Fact]
    public async Task W2_other_content_never_overwrites_and_both_are_found()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var one = await built.SegmentAsync(1, seed: 1);
        var two = await built.SegmentAsync(1, seed: 2);
        Assert.NotEqual(one.Name, two.Name);
        var found = await WalStore.FindAsync(built.Cluster, built.Cluster.FirstLineage, one.File, default);
        Assert.Equal(2, found.Count);
        Assert.Equal(ErrorCode.Conflict, WalStore.Conflict(one.File, found).Code);
        Assert.Equal(RepositoryBuilder.SegmentContent(1, 1, 1), (await WalStore.ReadAsync(built.Cluster, one, default)).Content);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(3 << 20)]
    public async Task W3_what_was_pushed_is_what_is_read(int length)
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted: true);
        var content = RepositoryBuilder.Noise(length, Seed);
        var item = await built.WalAsync("0000000A.history", content);
        var (read, facts) = await WalStore.ReadAsync(built.Cluster, item, default);
        Assert.Equal(content, read);
        Assert.Equal(length, facts.Length);
    }

    [Fact]
    public async Task Any_mutation_of_any_object_gives_a_documented_error_or_the_same_content()
    {
        var (store, key) = (new MemoryObjectStore(TimeProvider.System), Key(encrypts: false));
        var bytes = await SealAsync(store, key, [RepositoryBuilder.Noise(3000, 1), new byte[5000]]);
        var random = new Random(Seed);
        for (var turn = 0; turn < 1000; turn++)
        {
            var changed = (byte[])bytes.Clone();
            for (var change = random.Next(4); change >= 0; change--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            // With checksums made right again the decoders behind them are reached.
            BitConverter.TryWriteBytes(changed.AsSpan(124), Crc32C.Compute(changed.AsSpan(0, 124)));
            BitConverter.TryWriteBytes(changed.AsSpan(changed.Length - 4), Crc32C.Compute(changed.AsSpan(changed.Length - 32, 28)));
            changed = random.Next(3) == 0 ? changed[..random.Next(changed.Length)] : changed;
            if (changed.AsSpan().SequenceEqual(bytes))
            {
                continue;
            }

            await store.PutAsync(Name, changed, PutCondition.Overwrite, default);
            var failure = await Record.ExceptionAsync(() => ReadAllAsync(store, Name, key, ContainerKind.Pack));
            Assert.True(failure is LifeboatException, $"seed {Seed}, turn {turn}: {failure}");
        }
    }

    private static SealingKey Key(bool encrypts) => new(new Id128(1, 2), [.. Enumerable.Range(0, 32).Select(value => (byte)value)], encrypts);

    private static async Task<byte[]> SealAsync(MemoryObjectStore store, SealingKey key, byte[][] frames)
    {
        using var compressor = new Compressor(1);
        await using var writer = await ContainerWriter.CreateAsync(
            store, Name, ContainerKind.Pack, key, compressor, DateTimeOffset.UnixEpoch, default, readBack: true);
        foreach (var frame in frames)
        {
            await writer.WriteFrameAsync(frame, default);
        }

        await writer.CompleteAsync(new byte[] { 1, 2, 3 }, PutCondition.IfAbsent, default);
        Assert.Equal(frames, await ReadAllAsync(store, Name, key, ContainerKind.Pack));
        return (await StoreCopy.ReadAsync(store))[Name.Value];
    }

    private static async Task<DamagedObjectException> FailAsync(
        IObjectStore store, ObjectName name, SealingKey key, ContainerKind kind = ContainerKind.Pack) =>
        await Assert.ThrowsAsync<DamagedObjectException>(() => ReadAllAsync(store, name, key, kind));

    private static async Task<byte[][]> ReadAllAsync(IObjectStore store, ObjectName name, SealingKey key, ContainerKind kind)
    {
        using var compressor = new Compressor(1);
        using var reader = await ContainerReader.OpenAsync(store, name, kind, key, compressor, size: null, default);
        var frames = new byte[reader.Frames][];
        for (var frame = 0; frame < frames.Length; frame++)
        {
            frames[frame] = await reader.ReadFrameAsync(frame, default);
        }

        return frames;
    }
}
