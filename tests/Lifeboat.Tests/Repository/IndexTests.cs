using Lifeboat.Repository;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Lifeboat.Testing;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>Index runs: what is found in them, how many there are, and how little a look reads.</summary>
public sealed class IndexTests
{
    [Fact]
    public Task Everything_that_was_listed_is_found_and_nothing_else_however_runs_were_put_together() =>
        Sample.SeededAsync(async () =>
        {
            var random = Sample.Numbers("index");
            var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
            var all = new List<PackRecord>();
            for (var backup = 1; backup <= 40; backup++)
            {
                PackRecord[] packs = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Made(random))];
                all.AddRange(packs);
                Assert.NotNull(await IndexUpdate.WriteAsync(cluster, packs, default));
                using var runs = await IndexRuns.OpenAsync(cluster, new BlockCache(10), default);
                Assert.Empty(runs.Damage);
                Assert.InRange(runs.Live.Count, 1, RunCounter.MostRuns(backup));
                Assert.Equal(backup, runs.Live.Sum(run => run.Weight));
                Assert.Equal(all.Count, runs.Live.Sum(run => run.Packs.Count));
            }

            using var live = await IndexRuns.OpenAsync(cluster, new BlockCache(10), default);
            foreach (var pack in all)
            {
                foreach (var frame in pack.Frames)
                {
                    await AssertFrameAsync(live, pack, frame);
                }
            }

            var mistaken = 0;
            for (var turn = 0; turn < 2000; turn++)
            {
                var id = Random(random);
                foreach (var run in live.Live)
                {
                    Assert.Empty(await run.FindFramesAsync(id, default));
                    Assert.Empty(await run.FindExtentsAsync(id, default));
                    mistaken += await run.MayHoldAsync(id, default) ? 1 : 0;
                }
            }

            Assert.InRange(mistaken, 0, 2000 * live.Live.Count / 25);
        });

    [Fact]
    public async Task A_run_of_many_blocks_is_looked_into_block_by_block()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var random = new Random(3);
        PackRecord[] packs = [.. Enumerable.Range(0, 40).Select(_ => Made(random, frames: 250, slots: 4))];

        // One frame in so many packs that its entries fill more than a block.
        var shared = packs[0].Frames[0];
        PackRecord[] copies = [.. Enumerable.Range(0, 4000).Select(_ => new PackRecord(Random(random), 500, 7, [shared]))];
        await IndexUpdate.WriteAsync(cluster, [.. packs, .. copies], default);
        var cache = new BlockCache(1000);
        using var runs = await IndexRuns.OpenAsync(cluster, cache, default);
        var run = Assert.Single(runs.Live);
        Assert.Equal(4001, (await run.FindFramesAsync(shared.Id, default)).Count);
        Assert.Equal(4001, (await run.FindExtentsAsync(shared.Slots[2].Id, default)).Count);
        var before = cache.Misses;
        Assert.Single(await run.FindExtentsAsync(packs[7].Frames[9].Slots[1].Id, default));
        Assert.InRange(cache.Misses, before, before + 2);
        foreach (var frame in packs.SelectMany(pack => pack.Frames.Skip(1)))
        {
            Assert.Single(await run.FindFramesAsync(frame.Id, default));
            Assert.All(frame.Slots, slot => Assert.True(run.MayHoldAsync(slot.Id, default).AsTask().Result));
        }
    }

    [Fact]
    public async Task I12_losing_a_run_that_supersedes_others_loses_nothing_while_they_are_there()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var backups = 0;
        for (; backups < 4; backups++)
        {
            await built.BackupAsync(RepositoryBuilder.Files(10 * backups), $"0/{backups + 2}000028", $"0/{backups + 2}000100");
        }

        using var before = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Empty(before.Unlisted);
        Assert.Equal(3, before.Superseded.Count);
        using var runs = await IndexRuns.OpenAsync(built.Cluster, new BlockCache(10), default);
        var merged = Assert.Single(runs.Live);
        await built.Store.DeleteAsync(ObjectNames.IndexRun("main", merged.Id), default);
        using var after = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Equal(4, runs.Live.Sum(run => run.Weight));
        Assert.Empty(after.Superseded);
        var own = Assert.Single(after.Unlisted);
        await foreach (var frame in merged.ReadFramesAsync(default))
        {
            _ = frame;
        }

        Assert.Contains(merged.Packs, pack => pack.Id == own.Id);
        var repaired = await IndexRepair.RebuildAsync(built.Cluster, default);
        Assert.Equal([own.Id], repaired.Packs);
        var report = await RepositoryCheck.RunAsync(built.Repository, new CheckOptions { ReadData = true }, null, default);
        Assert.DoesNotContain(report.Findings, finding => finding.Severity == FindingSeverity.Damage
            && !finding.Object.Contains("/wal/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_condemned_or_cold_is_read_and_never_referred_to_anew()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100");
        using var runs = await IndexRuns.OpenAsync(built.Cluster, new BlockCache(10), default);
        var pack = Assert.Single(Assert.Single(runs.Live).Packs);
        var record = await PackDirectory.ReadAsync(built.Cluster, pack.Id, size: null, default);
        foreach (var told in new[] { pack with { IsCondemned = true }, pack with { StorageClass = 1 }, pack })
        {
            await IndexUpdate.WriteFactsAsync(built.Cluster, [told], default);
            using var index = await FrameIndex.LoadAsync(built.Cluster, default);
            Assert.Empty(index.Unlisted);
            Assert.Single(await index.FindAllAsync(record.Frames[0].Id, default));
            Assert.Equal(told == pack, await index.FindExtentAsync(record.Frames[0].Slots[0].Id, default) is not null);
        }

        // The facts stay when runs are put together, and what tells no frame goes into the next run.
        await IndexUpdate.WriteFactsAsync(built.Cluster, [pack with { IsCondemned = true }], default);
        await IndexUpdate.WriteAsync(built.Cluster, [Made(new Random(1))], default);
        using var again = await IndexRuns.OpenAsync(built.Cluster, new BlockCache(10), default);
        Assert.Equal([1, 1], again.Live.Select(run => run.Weight));
        Assert.True(again.Live[^1].Packs.Single(one => one.Id == pack.Id).IsCondemned);
        using var last = await FrameIndex.LoadAsync(built.Cluster, default);
        Assert.Null(await last.FindExtentAsync(record.Frames[0].Slots[0].Id, default));
        var report = await RepositoryCheck.RunAsync(built.Repository, new CheckOptions(), null, default);
        Assert.DoesNotContain(report.Findings, finding => finding.Object.Contains("/index/", StringComparison.Ordinal)
            && finding.Severity == FindingSeverity.Damage);
    }

    [Fact]
    public async Task A_frame_that_was_moved_is_found_by_the_index_and_one_in_its_place_without()
    {
        var store = new FaultyStore(new Lifeboat.Storage.Memory.MemoryObjectStore(TimeProvider.System));
        var built = await RepositoryBuilder.CreateAsync(store: store);
        var backup = await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100");
        var held = await FirstAsync(built.Cluster, backup.MapRuns);
        using var direct = FrameIndex.ForReading(built.Cluster);
        var place = await direct.FindAsync(held.Base!, default);
        Assert.Equal(held.Base!.Place!.Value.Pack, place!.Pack);
        Assert.False(direct.IsLoaded);

        var elsewhere = new FrameReference(held.Base.Id, new FramePlace(Id128.NewRandom(), 3));
        Assert.Equal(place.Pack, (await direct.FindAsync(elsewhere, default))!.Pack);
        Assert.True(direct.IsLoaded);
        using var reader = new ExtentReader(built.Cluster, direct);
        Assert.Equal(held.Length, (await reader.ReadAsync("f", held with { Base = elsewhere }, default)).Length);
    }

    private static async Task<ExtentEntry> FirstAsync(Cluster cluster, IReadOnlyList<Id128> runs)
    {
        await foreach (var entry in BackupMap.ReadAsync(cluster, runs, default))
        {
            if (entry.Extent is { IsZero: false } extent)
            {
                return extent;
            }
        }

        throw new InvalidOperationException("the backup holds no content");
    }

    private static async Task AssertFrameAsync(IndexRuns runs, PackRecord pack, PackedFrame frame)
    {
        var found = new List<(Id128 Pack, PackedFrame Frame)>();
        var extents = new List<(Id128, uint, int)>();
        foreach (var run in runs.Live)
        {
            var entries = await run.FindFramesAsync(frame.Id, default);
            found.AddRange(entries.Select(entry => (run.Packs[entry.Pack].Id, entry.Frame)));
            Assert.True(entries.Count == 0 || await run.MayHoldAsync(frame.Id, default));
            foreach (var extent in await run.FindExtentsAsync(frame.Slots[0].Id, default))
            {
                extents.Add((run.Packs[extent.Pack].Id, extent.Frame, extent.Slot));
            }
        }

        var (where, there) = Assert.Single(found);
        Assert.Equal(pack.Id, where);
        Assert.Equal((frame.Number, frame.Offset, frame.Length), (there.Number, there.Offset, there.Length));
        Assert.Equal(frame.Slots.Select(slot => slot.Length), there.Slots.Select(slot => slot.Length));
        Assert.Equal(frame.Slots[0].Kind == SlotKind.Extent ? [(pack.Id, frame.Number, 0)] : [], extents);
    }

    private static Id128 Random(Random random) => new((ulong)random.NextInt64() << 1, (ulong)random.NextInt64() << 1);

    private static PackRecord Made(Random random, int frames = 0, int slots = 0)
    {
        long at = 128;
        var made = Enumerable.Range(0, frames > 0 ? frames : random.Next(1, 30)).Select(number =>
        {
            Slot[] held = [.. Enumerable.Range(0, slots > 0 ? slots : random.Next(1, 6)).Select(_ => new Slot(
                slots > 0 ? SlotKind.Extent : (SlotKind)random.Next(2), random.Next(1, 100_000), Random(random)))];
            var frame = new PackedFrame(Random(random), (uint)number, at, random.Next(100, 100_000), held);
            at += frame.Length;
            return frame;
        }).ToArray();
        return new PackRecord(Random(random), at + 200, random.Next(), made);
    }
}
