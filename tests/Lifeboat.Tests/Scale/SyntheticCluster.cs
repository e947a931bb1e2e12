using System.Buffers.Binary;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Tests.Repository;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// A cluster of any size without content: its backups are written by the real code, with page tags that follow from page and
/// backup, and packs that exist in the index only. Of the pages that are written between two backups seven in ten lie in a
/// hot hundredth, two in ten in a stretch that moves on, one in ten anywhere.
/// </summary>
internal sealed class SyntheticCluster(RepositoryBuilder built, int extents, int seed) : IDisposable
{
    private const int ExtentsPerFile = 40;
    private const int PagesPerFrame = 128;
    private const int FramesPerPack = 64;

    private readonly Random _random = new(seed);
    private readonly ExtentTagger _tagger = new(built.Cluster.TagKey);
    private readonly Dictionary<Id128, int> _frameBytes = [];
    private readonly List<PackedFrame> _frames = [];
    private readonly List<Slot> _slots = [];
    private FrameReference? _open;
    private Id128 _pack = Id128.NewRandom();
    private readonly List<PackRecord> _packs = [];
    private int _backup;

    internal long ChangedPages { get; private set; }

    internal long ChangedExtents { get; private set; }

    /// <summary>Pages stored, those that merged overlays and whole extents stored again included.</summary>
    internal long StoredPages { get; private set; }

    internal BackupManifest Last { get; private set; } = null!;

    internal Cluster Cluster => built.Cluster;

    public void Dispose() => _tagger.Dispose();

    internal async Task FullAsync()
    {
        await using var map = await MapRunWriter.CreateAsync(Cluster, default);
        var files = (extents + ExtentsPerFile - 1) / ExtentsPerFile;
        for (var file = 0; file < files; file++)
        {
            var count = Math.Min(ExtentsPerFile, extents - (file * ExtentsPerFile));
            for (var number = 0; number < count; number++)
            {
                await map.AddAsync(Entry(file, Whole(file, number)), default);
            }

            await map.AddAsync(Facts(file, count) with { Kept = null }, default);
        }

        await map.CompleteAsync(default);
        await EndAsync([map.Id]);
    }

    /// <param name="pages">Writes of pages; some hit the same page.</param>
    internal async Task IncrementalAsync(int pages)
    {
        _backup++;
        var changed = Choose(pages);
        using (var planner = await OverlayPlanner.OpenAsync(Cluster, Last.MapRuns, default))
        {
            await using var delta = await DeltaMapWriter.CreateAsync(Cluster, Last.MapRuns, default);
            var file = -1;
            foreach (var (extent, mask) in changed)
            {
                if (extent / ExtentsPerFile != file && file >= 0)
                {
                    await delta.AddAsync(Facts(file, Math.Min(ExtentsPerFile, extents - (file * ExtentsPerFile))), default);
                }

                file = extent / ExtentsPerFile;
                var number = extent % ExtentsPerFile;
                var plan = await planner.PlanAsync(Path(file), number, PageTags.ExtentSize, mask, default);
                await delta.AddAsync(
                    Entry(file, plan.IsWhole ? Whole(file, number) : Patch(file, number, plan.Pages)), default);
                ChangedPages += System.Numerics.BitOperations.PopCount(mask);
            }

            ChangedExtents += changed.Count;
            await delta.AddAsync(Facts(file, Math.Min(ExtentsPerFile, extents - (file * ExtentsPerFile))), default);
            await EndAsync((await delta.CompleteAsync(default)).Runs);
        }
    }

    /// <summary>Bytes of the frames that a restore of the last backup reads, and of the backup.</summary>
    internal async Task<(long Read, long Bytes, int Frames)> PlanRestoreAsync()
    {
        var needed = new HashSet<Id128>();
        var bytes = 0L;
        await foreach (var entry in BackupMap.ReadAsync(Cluster, Last.MapRuns, default))
        {
            if (entry.Extent is { } extent)
            {
                bytes += extent.Length;
                needed.UnionWith(extent.Overlays.Select(overlay => overlay.Frame.Id));
                needed.UnionWith(extent.Base is { } held ? [held.Id] : []);
            }
        }

        return (needed.Sum(frame => (long)_frameBytes[frame]), bytes, needed.Count);
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
        var id = new Id128(Mix(file, number, 77), Mix(file, number, 78));
        var (frame, slot) = Store(PageTags.ExtentPages, SlotKind.Extent, id);
        return new ExtentEntry(number, PageTags.ExtentSize, id, tags, frame, slot, []);
    }

    private ExtentEntry Patch(int file, int number, ulong mask)
    {
        var tags = Tags(file, number, mask);
        var (frame, slot) = Store(
            tags.Length / PageTags.TagSize, SlotKind.LoosePages, new Id128(Mix(file, number, 79), Mix(file, number, 80)));
        return ExtentEntry.Patch(number, PageTags.ExtentSize, tags, new Overlay(mask, frame, slot));
    }

    private (FrameReference Frame, int Slot) Store(int pages, SlotKind kind, Id128 id)
    {
        StoredPages += pages;
        if (_open is null || (_slots.Sum(slot => slot.Length) / PageTags.PageSize) + pages > PagesPerFrame)
        {
            CloseFrame();
            var frame = new Id128(Mix(_backup, _frameBytes.Count, 1), Mix(_backup, _frameBytes.Count, 2));
            _open = new FrameReference(frame, new FramePlace(_pack, (uint)_frames.Count));
            _frameBytes[frame] = 0;
        }

        _slots.Add(new Slot(kind, pages * PageTags.PageSize, id));
        return (_open!, _slots.Count - 1);
    }

    private void CloseFrame()
    {
        if (_open is null)
        {
            return;
        }

        var slots = _slots.ToArray();
        var length = slots.Sum(slot => slot.Length);
        _frameBytes[_open.Id] = length;
        _frames.Add(new PackedFrame(_open.Id, (uint)_frames.Count, 128 + (_frames.Count * 400_000L), length / 3, slots));
        _slots.Clear();
        _open = null;
        if (_frames.Count == FramesPerPack)
        {
            ClosePack();
        }
    }

    private void ClosePack()
    {
        if (_frames.Count > 0)
        {
            _packs.Add(new PackRecord(_pack, 64 << 20, _backup, [.. _frames]));
            _frames.Clear();
            _pack = Id128.NewRandom();
        }
    }

    private async Task EndAsync(Id128[] runs)
    {
        CloseFrame();
        ClosePack();
        var index = await IndexUpdate.WriteAsync(Cluster, _packs, default);
        _packs.Clear();
        Last = built.Manifest("0/2000028", "0/2000100", new BackupChanges()) with
        {
            Id = BackupId.New(DateTimeOffset.UnixEpoch.AddYears(50).AddMinutes(15 * _backup)),
            MapRuns = runs,
            IndexRun = index,
        };
        await BackupCatalog.PutAsync(Cluster, Last, [new CatalogLine(5, "postgres")], default);
    }

    private byte[] Tags(int file, int number, ulong mask)
    {
        var tags = new byte[System.Numerics.BitOperations.PopCount(mask) * PageTags.TagSize];
        for (var at = 0; at < tags.Length; at += PageTags.TagSize, mask &= mask - 1)
        {
            var page = (number * PageTags.ExtentPages) + System.Numerics.BitOperations.TrailingZeroCount(mask);
            BinaryPrimitives.WriteUInt64LittleEndian(tags.AsSpan(at), Mix(file, page, _backup));
            BinaryPrimitives.WriteUInt64LittleEndian(tags.AsSpan(at + 8), Mix(page, _backup, file));
            BinaryPrimitives.WriteUInt32LittleEndian(tags.AsSpan(at + 16), (uint)Mix(_backup, file, page));
        }

        return tags;
    }

    private ulong Mix(long a, long b, long c)
    {
        var value = unchecked(((ulong)a * 0x9E3779B97F4A7C15) ^ ((ulong)b * 0xC2B2AE3D27D4EB4F) ^ ((ulong)(c + (_backup << 8)) * 0x165667B19E3779F9));
        value = unchecked((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9);
        value = unchecked((value ^ (value >> 27)) * 0x94D049BB133111EB);
        return value ^ (value >> 31);
    }

    private static byte[] Path(int file) => System.Text.Encoding.ASCII.GetBytes($"base/16384/{file + 1_000_000}");

    private static MapEntry Entry(int file, ExtentEntry extent) => new(Path(file), extent, null, IsGone: false);

    private MapEntry Facts(int file, int count) => new(
        Path(file),
        null,
        new FileFacts(MapFileKind.Regular, 0x180, count * (long)PageTags.ExtentSize, 1, 2, (ulong)file, 0) { CrcFromTags = _backup > 0 },
        IsGone: false);
}
