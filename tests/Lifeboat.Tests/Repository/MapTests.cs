using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Maps;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class MapTests
{
    private const int Seed = 77;

    [Fact]
    public void A_block_of_any_entries_comes_back() =>
        Prop.ForAll<int>(seed =>
        {
            var entries = RandomEntries(new Random(seed), files: 20);
            var sink = new ByteSink();
            MapBlock.Encode(sink, entries);
            return Same(entries, MapBlockReader.Decode(sink.Span));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_change_of_a_block_is_refused_or_gives_entries_and_nothing_else()
    {
        var random = new Random(Seed);
        for (var turn = 0; turn < 3000; turn++)
        {
            var sink = new ByteSink();
            MapBlock.Encode(sink, RandomEntries(random, files: 4));
            var bytes = sink.Span.ToArray();
            for (var change = random.Next(3); change >= 0; change--)
            {
                bytes[random.Next(Math.Min(bytes.Length, random.Next(1, 4000)))] = (byte)random.Next(256);
            }

            bytes = random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
            try
            {
                Assert.All(MapBlockReader.Decode(bytes), entry => Assert.Null(entry.Fault()));
            }
            catch (DecodingException)
            {
                // What a reader may say.
            }
        }
    }

    [Fact]
    public async Task A_run_over_many_blocks_comes_back_in_order_with_a_huge_file_in_it()
    {
        var cluster = (await RepositoryBuilder.CreateAsync(encrypted: true)).Cluster;
        var entries = RandomEntries(new Random(Seed), files: 200);
        entries.RemoveAll(entry => entry.Path == "huge");
        entries.AddRange(Enumerable.Range(0, 5000).Select(number => Entry("huge"u8, ExtentEntry.Zeros(number, PageTags.ExtentSize))));
        entries.AddRange(Enumerable.Range(5000, 2000).Select(number => Entry("huge"u8, Extent(new Random(number), number, PageTags.ExtentSize))));
        entries.Add(new MapEntry("huge"u8.ToArray(), null, Facts(7000L * PageTags.ExtentSize), false));
        entries.Sort(MapEntry.Compare);
        var run = await WriteAsync(cluster, entries);
        Assert.True(Same(entries, await ReadRunAsync(cluster, run)));
    }

    [Fact]
    public async Task I9_within_a_run_keys_ascend_strictly()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        await using var writer = await MapRunWriter.CreateAsync(cluster, default);
        await writer.AddAsync(new MapEntry("b"u8.ToArray(), null, Facts(0), false), default);
        foreach (var path in new[] { "a", "b" })
        {
            await Assert.ThrowsAsync<InvalidOperationException>(
                async () => await writer.AddAsync(new MapEntry(System.Text.Encoding.ASCII.GetBytes(path), null, Facts(0), false), default));
        }

        // A run that somebody else wrote out of order is refused when it is read.
        var run = Id128.NewRandom();
        var block = new ByteSink();
        MapBlock.Encode(block, [new("b"u8.ToArray(), null, Facts(0), false), new("a"u8.ToArray(), null, Facts(0), false)]);
        await PutRunAsync(cluster, run, block, first: "b"u8.ToArray());
        var damage = await Assert.ThrowsAsync<DamagedObjectException>(() => ReadRunAsync(cluster, run));
        Assert.Equal(DamageKind.Inconsistent, damage.Kind);
    }

    [Fact]
    public async Task A_later_run_replaces_removes_and_shortens()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var random = new Random(Seed);
        MapEntry old0 = Entry("a"u8, Extent(random, 0, PageTags.ExtentSize, isWhole: true)), old1 = Entry("a"u8, Extent(random, 1, PageTags.ExtentSize, isWhole: true));
        var new1 = Entry("a"u8, Extent(random, 1, PageTags.ExtentSize, isWhole: true));
        var cut = Entry("c"u8, Extent(random, 0, PageTags.ExtentSize, isWhole: true));
        var behind = Entry("c"u8, Extent(random, 1, 8192, isWhole: true));
        MapEntry FactsOf(string path, long length) => new(System.Text.Encoding.ASCII.GetBytes(path), null, Facts(length), false);
        var basis = await WriteAsync(cluster,
        [
            old0, old1, FactsOf("a", 2 * PageTags.ExtentSize), Entry("b"u8, Extent(random, 0, 8192, isWhole: true)), FactsOf("b", 8192),
            cut, behind, FactsOf("c", PageTags.ExtentSize + 8192),
        ]);
        var delta = await WriteAsync(cluster,
        [
            new1, FactsOf("a", 2 * PageTags.ExtentSize), new MapEntry("b"u8.ToArray(), null, null, IsGone: true),
            FactsOf("c", PageTags.ExtentSize), FactsOf("d", 0),
        ]);
        var merged = await ReadAsync(cluster, basis, delta);
        Assert.True(Same(
            [old0, new1, FactsOf("a", 2 * PageTags.ExtentSize), cut, FactsOf("c", PageTags.ExtentSize), FactsOf("d", 0)],
            merged));
        var again = await WriteAsync(cluster, [FactsOf("b", 0)]);
        Assert.Contains(await ReadAsync(cluster, basis, delta, again), entry => entry.Path == "b");
    }

    [Fact]
    public async Task Extents_whose_file_has_no_facts_are_damage_and_never_given_to_the_next_file()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var random = new Random(Seed);
        var run = await WriteAsync(cluster,
            [Entry("a"u8, Extent(random, 0, 8192, isWhole: true)), new MapEntry("b"u8.ToArray(), null, Facts(100_000), false)]);
        var empty = await WriteAsync(cluster, []);
        foreach (var runs in new[] { new[] { run }, [run, empty] })
        {
            var damage = await Assert.ThrowsAsync<DamagedObjectException>(() => ReadAsync(cluster, runs));
            Assert.Contains(run.ToString(), damage.Name.Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_entry_that_no_reader_accepts_is_refused_by_the_writer()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        var good = Extent(new Random(Seed), 0, 16384, isWhole: true);
        MapEntry[] bad =
        [
            new([], null, Facts(0), false),
            new(new byte[4097], null, Facts(0), false),
            new("a"u8.ToArray(), null, null, false),
            new("a"u8.ToArray(), null, Facts(0) with { Mode = 0x81A4 }, false),
            Entry("a"u8, good with { Length = 0 }),
            Entry("a"u8, good with { Tags = new byte[20] }),
            Entry("a"u8, good with { Base = new FrameReference() }),
            Entry("a"u8, good with { Overlays = [new Overlay(0b100, new FrameReference(Id128.NewRandom()), 0)] }),
            Entry("a"u8, good with { Overlays = [new Overlay(0, new FrameReference(Id128.NewRandom()), 0)] }),
            Entry("a"u8, ExtentEntry.Zeros(0, 8192) with { Overlays = [new Overlay(1, new FrameReference(Id128.NewRandom()), 0)] }),
            Entry("a"u8, ExtentEntry.Patch(0, 8192, new byte[40], new Overlay(1, new FrameReference(Id128.NewRandom()), 0))),
            Entry("a"u8, good with { IsPatch = true }),
            new("a"u8.ToArray(), null, Facts(0), false) { Kept = -1 },
        ];
        foreach (var entry in bad)
        {
            await using var writer = await MapRunWriter.CreateAsync(cluster, default);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.AddAsync(entry, default));
        }
    }

    private static List<MapEntry> RandomEntries(Random random, int files)
    {
        var entries = new List<MapEntry>();
        for (var file = 0; file < files; file++)
        {
            var path = new byte[random.Next(1, random.Next(2, 60))];
            random.NextBytes(path);
            if (random.Next(5) == 0)
            {
                entries.Add(new MapEntry(path, null, null, IsGone: true));
                continue;
            }

            var number = 0;
            var kept = random.Next(3) == 0 ? random.Next(10) : (int?)null;
            for (var extent = random.Next(6); extent > 0; extent--)
            {
                number += 1 + random.Next(random.Next(2) == 0 ? 1 : 100_000);
                var length = random.Next(2) == 0 ? PageTags.ExtentSize : random.Next(1, PageTags.ExtentSize);
                entries.Add(Entry(path, random.Next(4) == 0 ? ExtentEntry.Zeros(number, length) : Extent(random, number, length)) with
                {
                    Kept = kept,
                });
            }

            entries.Add(new MapEntry(path, null, new FileFacts(
                (MapFileKind)random.Next(3), random.Next(0x1000), random.NextInt64(), random.NextInt64(), -random.NextInt64(),
                (ulong)random.NextInt64(), kept == 5 ? 0 : (uint)random.Next()) { CrcFromTags = kept == 5 }, false) { Kept = kept });
        }

        entries.Sort(MapEntry.Compare);
        return [.. entries.DistinctBy(entry => (Convert.ToHexString(entry.PathBytes), entry.Number))
            .Where((entry, _) => !(entry.IsGone && entries.Any(other => other.Extent is not null && other.PathBytes.AsSpan().SequenceEqual(entry.PathBytes))))];
    }

    private static MapEntry Entry(ReadOnlySpan<byte> path, ExtentEntry extent) => new(path.ToArray(), extent, null, false);

    private static ExtentEntry Extent(Random random, int number, int length, bool isWhole = false)
    {
        var pages = PageTags.PagesOf(length);
        var tags = new byte[pages * 20];
        random.NextBytes(tags);
        FrameReference Frame()
        {
            var (high, low) = ((ulong)random.Next(3), (ulong)random.Next(3));
            return new(new Id128(high, low), low == 0 ? null : new FramePlace(new Id128(high, 9), (uint)low));
        }

        var overlays = Enumerable.Range(0, random.Next(3)).Select(_ => new Overlay(
            1UL << random.Next(pages) | 1, Frame(), random.Next(4096))).ToArray();
        if (random.Next(3) == 0 && overlays.Length > 0 && !isWhole)
        {
            tags = tags[..(System.Numerics.BitOperations.PopCount(Overlay.Union(overlays)) * 20)];
            return new ExtentEntry(number, length, default, tags, null, 0, overlays) { IsPatch = true };
        }

        var isBare = random.Next(5) == 0 && overlays.Length > 0;
        return new ExtentEntry(
            number, length, Id128.Read(tags), tags, isBare ? null : Frame(), isBare ? 0 : random.Next(4096), overlays);
    }

    private static FileFacts Facts(long length) => new(MapFileKind.Regular, 0x180, length, 1, 2, 3, 4);

    private static bool Same(IReadOnlyList<MapEntry> a, IReadOnlyList<MapEntry> b) =>
        a.Count == b.Count && a.Zip(b).All(pair => Text(pair.First) == Text(pair.Second));

    private static string Text(MapEntry entry) => string.Join(
        '|',
        Convert.ToHexString(entry.PathBytes),
        entry.IsGone,
        entry.Facts,
        entry.Extent is { } extent
            ? $"{extent.Number} {extent.Length} {extent.Id} {Convert.ToHexString(extent.Tags)} {extent.Base?.Id} {extent.Base?.Place} {extent.Slot} {extent.IsPatch} "
                + string.Join(',', extent.Overlays.Select(overlay => $"{overlay.Pages} {overlay.Frame.Id} {overlay.Frame.Place} {overlay.Slot}"))
            : "",
        entry.Kept);

    private static async Task<Id128> WriteAsync(Cluster cluster, IEnumerable<MapEntry> entries)
    {
        await using var writer = await MapRunWriter.CreateAsync(cluster, default);
        foreach (var entry in entries)
        {
            await writer.AddAsync(entry, default);
        }

        await writer.CompleteAsync(default);
        return writer.Id;
    }

    private static async Task PutRunAsync(Cluster cluster, Id128 run, ByteSink block, byte[] first)
    {
        using var compressor = new Compressor(1);
        await using var writer = await ContainerWriter.CreateAsync(
            cluster.Store, Lifeboat.Repository.ObjectNames.MapRun(cluster.Name, run), ContainerKind.MapRun, cluster.DataKey,
            compressor, DateTimeOffset.UnixEpoch, default);
        await writer.WriteFrameAsync(block.Memory, default);
        var annex = new ByteSink();
        annex.Varint(PageTags.ExtentPages);
        annex.Varint(PageTags.PageSize);
        annex.Varint(0);
        annex.Varint(first.Length);
        annex.Bytes(first);
        annex.Varint(int.MaxValue);
        annex.Varint(0);
        await writer.CompleteNewAsync(annex.Memory, default);
    }

    private static async Task<List<MapEntry>> ReadAsync(Cluster cluster, params Id128[] runs)
    {
        var entries = new List<MapEntry>();
        await foreach (var entry in BackupMap.ReadAsync(cluster, runs, default))
        {
            entries.Add(entry);
        }

        return entries;
    }

    private static async Task<List<MapEntry>> ReadRunAsync(Cluster cluster, Id128 run)
    {
        var entries = new List<MapEntry>();
        await foreach (var entry in MapRunReader.ReadAsync(cluster, run, [], default))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
