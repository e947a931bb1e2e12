using System.Numerics;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;
using Lifeboat.Tests.Repository;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// A cluster of any size without content: its backups are written by the real code, with page tags that follow from page and
/// backup, and packs of which only the directories are there. Of the pages that are written between two backups seven in ten lie in a
/// hot hundredth, two in ten in a stretch that moves on, one in ten anywhere.
/// </summary>
/// <param name="perFile">Extents of a file: so many are a relation of <c>perFile</c> / 4 MiB.</param>
/// <param name="thin">All tags of an entry but one are zeros, which compress to nothing: for maps that would not fit into memory.</param>
internal sealed class SyntheticCluster(
    RepositoryBuilder built, HollowStore store, TimeProvider time, int extents, int perFile, bool thin, int seed) : IDisposable
{
    private readonly Random _random = new(seed);
    private readonly ExtentTagger _tagger = new(built.Cluster.TagKey);
    private readonly SyntheticPacks _packs = new(built.Cluster, store, time);
    private readonly Queue<MapEntry> _waiting = [];
    private int _backup;

    internal long ChangedPages { get; private set; }

    internal long ChangedExtents { get; private set; }

    /// <summary>Pages stored, those that merged overlays and whole extents stored again included.</summary>
    internal long StoredPages { get; private set; }

    internal BackupManifest Last { get; private set; } = null!;

    internal Cluster Cluster => built.Cluster;

    internal int Files => (extents + perFile - 1) / perFile;

    public void Dispose()
    {
        _tagger.Dispose();
        _packs.Dispose();
    }

    /// <summary>As <c>CopyPipeline</c> does it: what was stored is remembered, and packs are listed as it goes.</summary>
    internal async Task<long> FullAsync()
    {
        var packs = new BackupPacks(Cluster);
        var added = new RecentExtents(RecentExtents.Usual);
        await using var map = await MapRunWriter.CreateAsync(Cluster, default);
        for (var file = 0; file < Files; file++)
        {
            var count = CountOf(file);
            for (var number = 0; number < count; number++)
            {
                var extent = Whole(file, number);
                added.Add(extent.Id, (extent.Base!, extent.Slot));
                _waiting.Enqueue(Entry(file, extent));
            }

            _waiting.Enqueue(Facts(file, count) with { Kept = null });
            await WriteClosedAsync(map.AddAsync);
            _packs.HandTo(packs);
            await packs.RelieveAsync(default);
        }

        _packs.CloseFrame();
        await WriteClosedAsync(map.AddAsync);
        await EndAsync(packs, async () =>
        {
            await map.CompleteAsync(default);
            return [map.Id];
        });
        return map.Length;
    }

    /// <param name="pages">Writes of pages; some hit the same page.</param>
    internal async Task IncrementalAsync(int pages)
    {
        _backup++;
        var packs = new BackupPacks(Cluster);
        var changed = Choose(pages);
        using var planner = await OverlayPlanner.OpenAsync(Cluster, Last.MapRuns, default);
        await using var delta = await DeltaMapWriter.CreateAsync(Cluster, Last.MapRuns, default);
        var file = -1;
        foreach (var (extent, mask) in changed)
        {
            if (extent / perFile != file && file >= 0)
            {
                _waiting.Enqueue(Facts(file, CountOf(file)));
            }

            file = extent / perFile;
            var number = extent % perFile;
            var plan = await planner.PlanAsync(Path(file), number, PageTags.ExtentSize, mask, default);
            _waiting.Enqueue(Entry(file, plan.IsWhole ? Whole(file, number) : Patch(file, number, plan.Pages)));
            ChangedPages += BitOperations.PopCount(mask);
            await WriteClosedAsync(delta.AddAsync);
        }

        ChangedExtents += changed.Count;
        _waiting.Enqueue(Facts(file, CountOf(file)));
        _packs.CloseFrame();
        await WriteClosedAsync(delta.AddAsync);
        await EndAsync(packs, async () => (await delta.CompleteAsync(default)).Runs);
    }

    private async Task EndAsync(BackupPacks packs, Func<Task<Id128[]>> complete)
    {
        _packs.ClosePack();
        _packs.HandTo(packs);
        var index = await packs.WriteIndexAsync(default);
        var runs = await complete();
        var segment = store.Wal!.Last;
        var manifest = built.Manifest("0/2000028", "0/2000100", new BackupChanges());
        Last = manifest with
        {
            Id = BackupId.New(time.GetUtcNow()),
            StartTime = time.GetUtcNow(),
            StopTime = time.GetUtcNow(),
            StartLsn = SyntheticWal.StartOf(segment),
            StopLsn = SyntheticWal.StopOf(segment),
            Server = manifest.Server with { WalSegmentSize = SyntheticWal.SegmentSize },
            MapRuns = runs,
            IndexRun = index,
        };
        await BackupCatalog.PutAsync(Cluster, Last, [new CatalogLine(5, "postgres")], default);
    }

    private async Task WriteClosedAsync(Func<MapEntry, CancellationToken, ValueTask> write)
    {
        while (_waiting.TryPeek(out var entry) && entry.Extent?.IsSettled != false)
        {
            await write(_waiting.Dequeue(), default);
        }
    }

    private SortedDictionary<int, ulong> Choose(int pages)
    {
        var changed = new SortedDictionary<int, ulong>();
        var hot = Math.Max(1, extents / 100);
        var moving = Math.Max(1, extents / 500);
        for (; pages > 0; pages--)
        {
            var extent = _random.Next(10) switch
            {
                < 7 => _random.Next(hot),
                < 9 => (int)((hot + (_backup * (long)moving / 8) + _random.Next(moving)) % extents),
                _ => _random.Next(extents),
            };
            changed[extent] = changed.GetValueOrDefault(extent) | (1UL << _random.Next(PageTags.ExtentPages));
        }

        return changed;
    }

    private ExtentEntry Whole(int file, int number)
    {
        var tags = Tags(file, number, uint.MaxValue);
        var id = _tagger.ExtentId(tags);
        StoredPages += PageTags.ExtentPages;
        var (frame, slot) = _packs.Store(PageTags.ExtentPages, SlotKind.Extent, id);
        return new ExtentEntry(number, PageTags.ExtentSize, id, tags, frame, slot, []);
    }

    private ExtentEntry Patch(int file, int number, ulong mask)
    {
        var pages = BitOperations.PopCount(mask);
        StoredPages += pages;
        var (frame, slot) = _packs.Store(pages, SlotKind.LoosePages, Mixed(file, number, 79));
        return ExtentEntry.Patch(number, PageTags.ExtentSize, Tags(file, number, mask), new Overlay(mask, frame, slot));
    }

    private byte[] Tags(int file, int number, ulong mask)
    {
        var tags = new byte[BitOperations.PopCount(mask) * PageTags.TagSize];
        if (thin)
        {
            Mixed(file, number, 3).Write(tags);
        }
        else
        {
            for (var at = 0; at < tags.Length; at += PageTags.TagSize, mask &= mask - 1)
            {
                var page = (number * PageTags.ExtentPages) + BitOperations.TrailingZeroCount(mask);
                Mixed(file, page, 1).Write(tags.AsSpan(at));
                BitConverter.TryWriteBytes(tags.AsSpan(at + Id128.Size), (uint)Mixed(page, file, 2).Low);
            }
        }

        return tags;
    }

    private Id128 Mixed(long a, long b, long c) => new(Mix(a, b, c), Mix(b, c, a));

    private ulong Mix(long a, long b, long c)
    {
        var value = unchecked(((ulong)a * 0x9E3779B97F4A7C15) ^ ((ulong)b * 0xC2B2AE3D27D4EB4F) ^ ((ulong)(c + (_backup << 8)) * 0x165667B19E3779F9));
        value = unchecked((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9);
        value = unchecked((value ^ (value >> 27)) * 0x94D049BB133111EB);
        return value ^ (value >> 31);
    }

    private int CountOf(int file) => Math.Min(perFile, extents - (file * perFile));

    private static byte[] Path(int file) => System.Text.Encoding.ASCII.GetBytes($"base/16384/{file + 1_000_000}");

    private static MapEntry Entry(int file, ExtentEntry extent) => new(Path(file), extent, null, IsGone: false);

    private static MapEntry Facts(int file, int count) => new(
        Path(file),
        null,
        new FileFacts(MapFileKind.Regular, 0x180, count * (long)PageTags.ExtentSize, 1, 2, (ulong)file, 0) { CrcFromTags = true },
        IsGone: false);
}
