using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// A cluster as a plain model (files of page versions, 0 a page of zeros) and its backups: what each must read back as. Pages
/// are not stored; their tags follow from their versions, and a slot is the list of the versions put into it.
/// </summary>
internal sealed class MapSeriesModel(Cluster cluster, int seed) : IDisposable
{
    private readonly Random _random = new(seed);
    private readonly ExtentTagger _tagger = new(cluster.TagKey);
    private readonly Dictionary<(Id128 Frame, int Slot), int[]> _slots = [];
    private readonly SortedDictionary<string, int[]> _files = new(StringComparer.Ordinal);
    private byte[]? _zeroTag;
    private int _version;

    internal List<(Id128[] Runs, SortedDictionary<string, int[]> Files)> Backups { get; } = [];

    /// <summary>The most bytes that one incremental wrote, and all of them.</summary>
    internal List<long> Written { get; } = [];

    /// <summary>Blocks of the parent's map that the last incremental read to plan.</summary>
    internal long BlocksRead { get; private set; }

    public void Dispose() => _tagger.Dispose();

    internal void AddFile(string path, int pages) => _files[path] = [.. Enumerable.Range(0, pages).Select(_ => ++_version)];

    internal async Task FullAsync()
    {
        await using var map = await MapRunWriter.CreateAsync(cluster, default);
        foreach (var (path, pages) in _files)
        {
            foreach (var entry in WholeFile(path, pages, from: 0))
            {
                await map.AddAsync(entry with { Kept = null }, default);
            }

            await map.AddAsync(Facts(path, pages, crcFromTags: false), default);
        }

        await map.CompleteAsync(default);
        Keep([map.Id]);
    }

    /// <summary>A backup after random changes of everything.</summary>
    internal Task IncrementalAsync(int changes)
    {
        var before = Copy(_files);
        var files = new SortedDictionary<string, Func<OverlayPlanner, Task<List<MapEntry>>>>(StringComparer.Ordinal);
        for (; changes > 0; changes--)
        {
            var path = $"base/{_random.Next(3)}/{_random.Next(6)}";
            if (!files.ContainsKey(path) && Change(path) is { } how)
            {
                files[path] = how;
            }
        }

        return IncrementalAsync(before, files);
    }

    /// <summary>A backup after these pages of one file were written.</summary>
    internal Task IncrementalAsync(string path, IReadOnlyCollection<int> changed)
    {
        var before = Copy(_files);
        var pages = _files[path] = [.. _files[path]];
        foreach (var page in changed)
        {
            pages[page] = ++_version;
        }

        return IncrementalAsync(before, new(StringComparer.Ordinal)
        {
            [path] = planner => PatchedAsync(planner, path, before[path], pages, kept: null),
        });
    }

    /// <summary>Reads a backup, and looks single extents up, and compares with what the cluster was.</summary>
    internal async Task VerifyAsync(int backup)
    {
        var (runs, files) = Backups[backup];
        var found = new SortedDictionary<string, int[]>(StringComparer.Ordinal);
        var pages = new List<int>();
        await foreach (var entry in BackupMap.ReadAsync(cluster, runs, default))
        {
            if (entry.Extent is { } extent)
            {
                Assert.Equal(pages.Count, extent.Number * PageTags.ExtentPages);
                pages.AddRange(Resolve(extent));
                continue;
            }

            Assert.Equal(Crc(pages), entry.Facts!.Crc);
            Assert.Equal(pages.Count * (long)PageTags.PageSize, entry.Facts.Length);
            found[entry.Path] = [.. pages];
            pages.Clear();
        }

        Assert.Equal(files.Keys, found.Keys);
        Assert.All(files, file => Assert.Equal(file.Value, found[file.Key]));
        using var lookup = await MapLookup.OpenAsync(cluster, runs, default);
        for (var turn = 0; turn < 20; turn++)
        {
            var path = $"base/{_random.Next(3)}/{_random.Next(6)}";
            var number = _random.Next(5);
            var expected = files.TryGetValue(path, out var all)
                ? all.Skip(number * PageTags.ExtentPages).Take(PageTags.ExtentPages).ToArray()
                : [];
            var bytes = System.Text.Encoding.ASCII.GetBytes(path);
            var extent = await lookup.FindAsync(bytes, number, default);
            Assert.Equal(expected, extent is null ? [] : Resolve(extent));
            Assert.Equal(all?.Length * (long?)PageTags.PageSize, (await lookup.FindFactsAsync(bytes, default))?.Length);
        }
    }

    private async Task IncrementalAsync(
        SortedDictionary<string, int[]> before,
        SortedDictionary<string, Func<OverlayPlanner, Task<List<MapEntry>>>> files)
    {
        var parent = Backups[^1].Runs;
        Assert.All(before, file => Assert.Equal(Backups[^1].Files[file.Key], file.Value));
        using var planner = await OverlayPlanner.OpenAsync(cluster, parent, default);
        await using var delta = await DeltaMapWriter.CreateAsync(cluster, parent, default);
        foreach (var entries in files.Values)
        {
            foreach (var entry in await entries(planner))
            {
                await delta.AddAsync(entry, default);
            }
        }

        var map = await delta.CompleteAsync(default);
        BlocksRead = planner.BlocksRead;

        // What is read last, as pg_control is.
        await using var last = await MapRunWriter.CreateAsync(cluster, default);
        _files["global/pg_control"] = [++_version];
        await last.AddAsync(WholeFile("global/pg_control", [_version], 0).Single() with { Kept = null }, default);
        await last.AddAsync(Facts("global/pg_control", [_version], crcFromTags: false), default);
        await last.CompleteAsync(default);
        Written.Add(map.Bytes);
        Keep([.. map.Runs, last.Id]);
    }

    private void Keep(Id128[] runs) => Backups.Add((runs, Copy(_files)));

    private static SortedDictionary<string, int[]> Copy(SortedDictionary<string, int[]> files) =>
        new(files.ToDictionary(file => file.Key, file => file.Value), StringComparer.Ordinal);

    private Func<OverlayPlanner, Task<List<MapEntry>>>? Change(string path)
    {
        if (!_files.TryGetValue(path, out var before))
        {
            var fresh = _files[path] = NewPages(_random.Next(120));
            return _ => Task.FromResult(Whole(path, fresh));
        }

        switch (_random.Next(8))
        {
            case 0:
                _files.Remove(path);
                return _ => Task.FromResult<List<MapEntry>>(
                    [new(System.Text.Encoding.ASCII.GetBytes(path), null, null, IsGone: true)]);
            case 1:
                var rewritten = _files[path] = NewPages(_random.Next(120));
                return _ => Task.FromResult(Whole(path, rewritten));
            case 2:
                // Cut off and grown again: what lay behind the cut must never come back.
                var kept = _random.Next(before.Length + 1);
                var cut = _files[path] = Touch([.. before[..kept], .. NewPages(_random.Next(80))], kept);
                var rest = kept / PageTags.ExtentPages;
                return planner => PatchedAsync(planner, path, before[..(rest * PageTags.ExtentPages)], cut, rest);
            case 3:
                return _ => Task.FromResult<List<MapEntry>>([Facts(path, before, crcFromTags: true)]);
            default:
                var grown = _files[path] =
                    Touch([.. before, .. _random.Next(3) == 0 ? NewPages(_random.Next(70)) : []], before.Length);
                return planner => PatchedAsync(planner, path, before, grown, kept: null);
        }
    }

    private int[] NewPages(int count)
    {
        var zeros = _random.Next(3) == 0;
        return [.. Enumerable.Range(0, count).Select(_ => zeros || _random.Next(9) == 0 ? 0 : ++_version)];
    }

    private int[] Touch(int[] pages, int limit)
    {
        for (var turn = _random.Next(_random.Next(2) == 0 ? 4 : 40); turn > 0 && limit > 0; turn--)
        {
            pages[_random.Next(limit)] = _random.Next(12) == 0 ? 0 : ++_version;
        }

        return pages;
    }

    private List<MapEntry> Whole(string path, int[] pages) =>
        [.. WholeFile(path, pages, 0), Facts(path, pages, crcFromTags: false) with { Kept = 0 }];

    private IEnumerable<MapEntry> WholeFile(string path, int[] pages, int from) => pages
        .Chunk(PageTags.ExtentPages)
        .Select((part, number) => Entry(path, WholeExtent(number, part)) with { Kept = 0 })
        .Skip(from);

    private async Task<List<MapEntry>> PatchedAsync(
        OverlayPlanner planner, string path, int[] before, int[] after, int? kept)
    {
        var entries = new List<MapEntry>();
        foreach (var (number, now) in after.Chunk(PageTags.ExtentPages).Index())
        {
            var then = before.Skip(number * PageTags.ExtentPages).Take(PageTags.ExtentPages).ToArray();
            var changed = Mask(Enumerable.Range(0, now.Length).Where(page => page >= then.Length || now[page] != then[page]));
            if (changed == 0)
            {
                continue;
            }

            if (then.Length == 0)
            {
                entries.Add(Entry(path, WholeExtent(number, now)));
                continue;
            }

            var bytes = System.Text.Encoding.ASCII.GetBytes(path);
            var plan = await planner.PlanAsync(bytes, number, now.Length * PageTags.PageSize, changed, default);
            Assert.Equal(changed, changed & plan.Pages);
            int[] stored = [.. Enumerable.Range(0, now.Length).Where(page => (plan.Pages >> page & 1) != 0).Select(page => now[page])];
            entries.Add(Entry(path, plan.IsWhole
                ? WholeExtent(number, now)
                : ExtentEntry.Patch(number, now.Length * PageTags.PageSize, Tags(stored), Store(stored, plan.Pages))));
        }

        entries.Add(Facts(path, after, crcFromTags: true));
        return [.. entries.Select(entry => entry with { Kept = kept })];
    }

    private static ulong Mask(IEnumerable<int> pages) => pages.Aggregate(0UL, (mask, page) => mask | (1UL << page));

    private static MapEntry Entry(string path, ExtentEntry extent) =>
        new(System.Text.Encoding.ASCII.GetBytes(path), extent, null, IsGone: false);

    private ExtentEntry WholeExtent(int number, int[] pages)
    {
        var length = pages.Length * PageTags.PageSize;
        if (pages.All(page => page == 0))
        {
            return ExtentEntry.Zeros(number, length);
        }

        var tags = Tags(pages);
        var slot = Store(pages, 1);
        return new ExtentEntry(number, length, _tagger.ExtentId(tags), tags, slot.Frame, slot.Slot, []);
    }

    private Overlay Store(int[] pages, ulong mask)
    {
        var (frame, slot) = (new Id128(7, (ulong)_slots.Count / 60), _slots.Count % 60);
        _slots[(frame, slot)] = pages;
        return new Overlay(mask, new FrameReference(frame, new FramePlace(new Id128(8, frame.Low / 50), (uint)frame.Low)), slot);
    }

    /// <summary>The versions that an entry's slots and overlays amount to; its tags and id must be theirs.</summary>
    private int[] Resolve(ExtentEntry extent)
    {
        Assert.InRange(extent.Overlays.Length, 0, ExtentEntry.MostOverlays);
        var pages = new int[PageTags.PagesOf(extent.Length)];
        if (extent.Base is { } held)
        {
            _slots[(held.Id, extent.Slot)].CopyTo(pages, 0);
        }

        foreach (var overlay in extent.Overlays)
        {
            var slot = _slots[(overlay.Frame.Id, overlay.Slot)];
            Assert.Equal(BitOperations.PopCount(overlay.Pages), slot.Length);
            var at = 0;
            for (var rest = overlay.Pages; rest != 0; rest &= rest - 1)
            {
                pages[BitOperations.TrailingZeroCount(rest)] = slot[at++];
            }
        }

        if (!extent.IsZero)
        {
            Assert.Equal(Tags(pages), extent.Tags);
            Assert.Equal(_tagger.ExtentId(extent.Tags), extent.Id);
        }

        return pages;
    }

    private byte[] Tags(IEnumerable<int> pages) => [.. pages.SelectMany(Tag)];

    private byte[] Tag(int version)
    {
        if (version == 0)
        {
            return _zeroTag ??= _tagger.Tag(new byte[PageTags.PageSize], out _, out _);
        }

        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, version);
        return SHA256.HashData(bytes)[..PageTags.TagSize];
    }

    private MapEntry Facts(string path, int[] pages, bool crcFromTags)
    {
        var facts = new FileFacts(
            MapFileKind.Regular, 0x180, pages.Length * (long)PageTags.PageSize, 1, 2, 3, crcFromTags ? 0 : Crc(pages));
        return new MapEntry(
            System.Text.Encoding.ASCII.GetBytes(path), null, facts with { CrcFromTags = crcFromTags }, IsGone: false);
    }

    private uint Crc(IReadOnlyCollection<int> pages) =>
        TagCrcs.Append(0, Tags(pages), pages.Count * PageTags.PageSize);
}
