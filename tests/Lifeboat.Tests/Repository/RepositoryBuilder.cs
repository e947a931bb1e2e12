using System.Security.Cryptography;
using Lifeboat.Platform.Checksums;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Tests.Repository;

/// <summary>Small repositories with backups and WAL, made through the repository's own interface.</summary>
internal sealed class RepositoryBuilder
{
    internal const string SystemIdentifier = "7123456789012345678";
    internal const int SegmentSize = 1 << 20;

    private int _second;

    private RepositoryBuilder(IObjectStore store, RepositorySecret? secret, RepositoryRoot repository, Cluster cluster)
    {
        Store = store;
        Secret = secret;
        Repository = repository;
        Cluster = cluster;
    }

    internal IObjectStore Store { get; }

    internal RepositorySecret? Secret { get; }

    internal RepositoryRoot Repository { get; }

    internal Cluster Cluster { get; }

    internal static RepositorySecret KeyFile { get; } = new KeyFileSecret(new byte[32]);

    internal static async Task<RepositoryBuilder> CreateAsync(
        bool encrypted = false, IObjectStore? store = null, string cluster = "main", TimeProvider? time = null,
        int segmentSize = SegmentSize)
    {
        store ??= new MemoryObjectStore(TimeProvider.System);
        var secret = encrypted ? KeyFile : null;
        var (repository, _) = await RepositoryRoot.InitAsync(
            store, secret, time ?? TimeProvider.System, default);
        var (made, _) = await Cluster.CreateAsync(repository, cluster, default);
        var builder = new RepositoryBuilder(store, secret, repository, made);
        await LineageCatalog.BindAsync(
            made, new LineageRecord(made.FirstLineage, SystemIdentifier, segmentSize, 17, Parent: null), default);
        await Claims.TakeIfFreeAsync(
            made, new ClaimRecord(made.FirstLineage, Timeline.First, "host", "/data", 7), default);
        return builder;
    }

    /// <summary>Files of content by path; equal paths of another call may share extents.</summary>
    internal async Task<BackupManifest> BackupAsync(
        IReadOnlyDictionary<string, byte[]> files, string start, string stop, BackupChanges? changes = null)
    {
        changes ??= new BackupChanges();
        var index = await FrameIndex.LoadAsync(Cluster, default);
        var packs = new BackupPacks(Cluster);
        using var tagger = new ExtentTagger(Cluster.TagKey);
        var entries = new List<MapEntry>();
        await using (var writer = new PackWriter(Cluster, 1, tagger, packs.Add))
        {
            foreach (var (path, content) in files)
            {
                var bytes = Lifeboat.Platform.Files.PosixPath.Encode(path);
                await AddFileAsync(entries, bytes, content, index, tagger, writer, changes);
            }

            await writer.FlushAsync(default);
        }

        entries.Sort(MapEntry.Compare);
        var indexRun = await packs.WriteIndexAsync(default);
        Id128 run;
        await using (var map = await MapRunWriter.CreateAsync(Cluster, default))
        {
            foreach (var entry in entries)
            {
                await map.AddAsync(entry, default);
            }

            await map.CompleteAsync(default);
            run = map.Id;
        }

        var manifest = Manifest(start, stop, changes) with { MapRuns = [run], IndexRun = indexRun };
        await BackupCatalog.PutAsync(Cluster, manifest, [new CatalogLine(5, "postgres")], default);
        return manifest;
    }

    internal async Task ExpireAsync(BackupManifest backup) => await BackupCatalog.ExpireAsync(
        Cluster, backup.Lineage, new TombstoneRecord(backup.Id, "test", backup.StopTime), default);

    internal BackupManifest Manifest(string start, string stop, BackupChanges changes)
    {
        var time = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(_second++);
        return new BackupManifest
        {
            Id = BackupId.New(time),
            Cluster = Cluster.Name,
            Lineage = Cluster.FirstLineage,
            Kind = "full",
            Method = "files",
            StartTime = time,
            StopTime = time,
            StartLsn = Lsn.Parse(start),
            StopLsn = Lsn.Parse(stop),
            Timeline = Timeline.First,
            Server = new ServerIdentity(
                SystemIdentifier, 17, "17.2", 202406281, 8192, 131072, SegmentSize, changes.Checksums, "postgres"),
            BackupLabel = "START WAL LOCATION: 0/2000028 (file 000000010000000000000020)\n",
            Tablespaces = [],
            Configuration = [],
            MapRuns = [],
            Sizes = new BackupSizes(0, 0, 0, 0),
            ChecksumErrors = changes.DamagedPages.Length,
            DamagedPages = changes.DamagedPages,
            Warnings = [],
            Program = "test",
            Host = "host",
        };
    }

    /// <summary>A segment of timeline 1 with a true header and random content behind it.</summary>
    internal Task<WalObject> SegmentAsync(int number, int seed = 1) =>
        WalAsync(new WalSegmentName(Timeline.First, (ulong)number, new WalSegmentSize(SegmentSize)).ToString(),
            SegmentContent(1, number, seed));

    internal async Task<WalObject> WalAsync(string file, byte[] content)
    {
        var tag = WalStore.TagOf(Cluster, content);
        await WalStore.PutAsync(Cluster, Cluster.FirstLineage, content, Facts(file, content, tag), 1, default);
        return (await WalStore.FindAsync(Cluster, Cluster.FirstLineage, file, default)).Single(item => item.Tag == tag);
    }

    internal static WalFacts Facts(string file, byte[] content, Id128 tag) =>
        new(file, content.Length, tag, null, null);

    /// <summary>The long header of a first WAL page (xlog_internal.h) of PostgreSQL 17, then noise that does not compress.</summary>
    internal static byte[] SegmentContent(uint timeline, int number, int seed, int size = SegmentSize)
    {
        var content = new byte[size];
        new Random(seed * 1000 + number).NextBytes(content.AsSpan(40, 4000));
        BitConverter.TryWriteBytes(content.AsSpan(0), (ushort)0xD116);
        BitConverter.TryWriteBytes(content.AsSpan(2), (ushort)0x0002);
        BitConverter.TryWriteBytes(content.AsSpan(4), timeline);
        BitConverter.TryWriteBytes(content.AsSpan(8), (ulong)number * SegmentSize);
        BitConverter.TryWriteBytes(content.AsSpan(24), ulong.Parse(SystemIdentifier));
        BitConverter.TryWriteBytes(content.AsSpan(32), (uint)SegmentSize);
        BitConverter.TryWriteBytes(content.AsSpan(36), 8192u);
        return content;
    }

    /// <summary>Two backups that share extents, five segments, and files that are no segments.</summary>
    internal async Task<(BackupManifest First, BackupManifest Second)> FillAsync()
    {
        var files = Files(seed: 1);
        var first = await BackupAsync(files, "0/2000028", "0/2000100");
        files["base/5/16384"] = Noise(300_000, 99);
        files["base/5/new"] = Noise(5000, 98);
        var second = await BackupAsync(files, "0/2200028", "0/2200100");
        for (var number = 0x20; number <= 0x24; number++)
        {
            await SegmentAsync(number);
        }

        await WalAsync("000000010000000000000020.00000028.backup", "START WAL LOCATION: 0/2000028"u8.ToArray());
        return (first, second);
    }

    internal static SortedDictionary<string, byte[]> Files(int seed) => new(StringComparer.Ordinal)
    {
        ["PG_VERSION"] = "17\n"u8.ToArray(),
        ["base/5/16384"] = Noise(300_000, seed),
        ["base/5/16385"] = [.. Noise(262_144, seed + 1), .. new byte[262_144], .. Noise(100, seed + 2)],
        ["base/5/empty"] = [],
        ["global/pg_control"] = Noise(8192, seed + 3),
    };

    internal static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task AddFileAsync(
        List<MapEntry> entries,
        byte[] path,
        byte[] content,
        FrameIndex index,
        ExtentTagger tagger,
        PackWriter writer,
        BackupChanges changes)
    {
        for (var at = 0; at < content.Length; at += PageTags.ExtentSize)
        {
            var part = content.AsMemory(at, Math.Min(PageTags.ExtentSize, content.Length - at));
            var number = at / PageTags.ExtentSize;
            if (!part.Span.ContainsAnyExcept((byte)0))
            {
                entries.Add(new MapEntry(path, ExtentEntry.Zeros(number, part.Length), null, false));
                continue;
            }

            var stored = changes.Stored(part.ToArray());
            var tags = tagger.Tag(stored, out var id, out _);
            var (frame, slot) = await index.FindExtentAsync(id, default) ?? await writer.AddAsync(stored, SlotKind.Extent, id, default);
            entries.Add(new MapEntry(
                path, new ExtentEntry(number, part.Length, id, changes.Tags(tags), frame, slot, []), null, false));
        }

        entries.Add(new MapEntry(
            path,
            null,
            new FileFacts(MapFileKind.Regular, 0x180, content.Length, 1, 2, 3, Crc32C.Compute(content)),
            false));
    }
}

/// <summary>How a backup differs from an honest one.</summary>
internal sealed record BackupChanges
{
    internal bool Checksums { get; init; }

    internal string[] DamagedPages { get; init; } = [];

    /// <summary>Of an extent as read: what is tagged and stored in its place.</summary>
    internal Func<byte[], byte[]> Stored { get; init; } = static content => content;

    internal Func<byte[], byte[]> Tags { get; init; } = static tags => tags;
}
