using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Locks;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>What one process of a history does: a backup, a push, an expiry, a restore, or a collection.</summary>
internal sealed class HistoryProcess(HistoryModel model, Random random, Func<TimeSpan, Task> sleep)
{
    internal const int SegmentSize = 1 << 20;

    /// <summary>Bytes of each file, which do not compress.</summary>
    internal const int ContentSize = 2000;

    /// <summary>As usual, but that packs of this size are worth writing anew when a file of them is not needed any more.</summary>
    internal static readonly CollectionMargins Margins =
        CollectionMargins.Usual with { RepackBelow = 0.7, RepackGain = ContentSize * 3 / 4 };

    internal Cluster Cluster { get; set; } = null!;

    /// <summary>Whether each file has a frame of its own; otherwise it is chance.</summary>
    internal bool HasFrameForEachFile { get; init; }

    /// <summary>Whether it was suspended for longer than a process may be.</summary>
    internal bool Slept { get; private set; }

    /// <summary>Chooses a request before which it is suspended, mostly one that matters.</summary>
    internal void Suspend(SimulatedStore store, string what, TimeSpan length)
    {
        string[] places = what switch
        {
            "backup" when random.Next(2) == 0 =>
                ["list clusters/main/condemned/", "put manifest", "put complete", "put leases", "stat leases", "put maps",
                    "put packs", "stat complete", "stat manifest"],
            "collect" when random.Next(4) == 0 =>
                ["put list", "put cleared", "put swept", "delete", "delete packs", "delete manifest", "list clusters/main/",
                    "stat complete", "list clusters/main/leases/"],
            "renew" when random.Next(3) == 0 =>
                ["list clusters/main/condemned/", "list clusters/main/", "extend", "extend packs", "put renewals"],
            _ => [],
        };
        if (places.Length == 0)
        {
            return;
        }

        var place = places[random.Next(places.Length)];
        var skipped = random.Next(3);
        var time = Suspension(length);
        store.Before = async (kind, name) =>
        {
            var (action, part) = place.IndexOf(' ') is > 0 and var at ? (place[..at], place[(at + 1)..]) : (place, "");
            var fits = kind == action && (kind == "list" ? name == part : part.Length == 0
                || name.EndsWith($"/{part}", StringComparison.Ordinal) || name.Contains($"/{part}/", StringComparison.Ordinal));
            if (!fits || skipped-- > 0)
            {
                return;
            }

            store.Before = null;
            Slept = true;
            await sleep(time);
        };
    }

    internal Task BackUpAsync() =>
        BackUpAsync(onParent: random.Next(2) == 0, isFull => Files(isFull ? 3 : 1), renewals: random.Next(8));

    /// <param name="onParent">Whether it is laid over the newest backup, when there is one.</param>
    /// <param name="choose">The files, told whether they are all that it has.</param>
    /// <param name="renewals">How long it takes, in renewals of its lease.</param>
    internal async Task BackUpAsync(bool onParent, Func<bool, Dictionary<string, byte[]>> choose, int renewals)
    {
        var begin = Cluster.Time.GetUtcNow();
        await LockRenewal.EnsureAsync(Cluster, default);
        model.Locks?.Promise(model.Locks.Terms.UntilFrom(begin));
        await using var session = await WriterSession.BeginAsync(Cluster, default);
        var parent = onParent ? await ParentAsync(session) : null;
        var files = choose(parent is null);
        using var index = await session.LoadIndexAsync(default);
        var packs = new BackupPacks(Cluster);
        await packs.AdoptAsync(index.Unlisted, default);
        var entries = await StoreAsync(files, index, packs);
        for (var wait = renewals; wait > 0; wait--)
        {
            await sleep(CollectionMargins.Usual.LeaseRenewal);
            await session.Lease.RenewAsync(default);
        }

        var run = await packs.WriteIndexAsync(default);
        var runs = parent is null ? [await MapAsync(entries)] : await DeltaAsync(parent.MapRuns, entries);
        var manifest = Manifest(runs, run, begin);
        model.Writes(manifest.Id, files, parent?.Id);
        await session.CommitAsync(manifest, [], behindManifest: null, default);
        await model.PromiseAsync(
            manifest.Id,
            session.Lease,
            entries.Select(entry => entry.Extent?.Base?.Place?.Pack).OfType<Id128>().ToHashSet());
        await session.Lease.EndAsync(default);
    }

    private async Task<BackupManifest?> ParentAsync(WriterSession session) =>
        (await BackupCatalog.ListAsync(Cluster, default)).Backups.LastOrDefault(session.MayBuildOn);

    private async Task<List<MapEntry>> StoreAsync(
        Dictionary<string, byte[]> files, FrameIndex index, BackupPacks packs)
    {
        using var tagger = new ExtentTagger(Cluster.TagKey);
        var entries = new List<MapEntry>();
        await using var writer = new PackWriter(Cluster, 1, tagger, packs.Add);
        foreach (var (path, content) in files)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(path);
            var tags = tagger.Tag(content, out var id, out var crc);
            var (frame, slot) = await index.FindExtentAsync(id, default)
                ?? await writer.AddAsync(content, SlotKind.Extent, id, default);
            if (HasFrameForEachFile || random.Next(3) > 0)
            {
                await writer.CloseFrameAsync(default);
            }

            entries.Add(new MapEntry(bytes, new ExtentEntry(0, content.Length, id, tags, frame, slot, []), null, false));
            entries.Add(new MapEntry(
                bytes, null, new FileFacts(MapFileKind.Regular, 0x180, content.Length, 1, 2, 3, crc), false));
        }

        await writer.FlushAsync(default);
        return [.. entries.Order(Comparer<MapEntry>.Create(MapEntry.Compare))];
    }

    private async Task<Id128> MapAsync(List<MapEntry> entries)
    {
        await using var map = await MapRunWriter.CreateAsync(Cluster, default);
        foreach (var entry in entries)
        {
            await map.AddAsync(entry, default);
        }

        await map.CompleteAsync(default);
        return map.Id;
    }

    /// <summary>The files stand whole over what the parent's map says of them; its runs are shared.</summary>
    private async Task<Id128[]> DeltaAsync(Id128[] parent, List<MapEntry> entries)
    {
        await using var map = await DeltaMapWriter.CreateAsync(Cluster, parent, default);
        foreach (var entry in entries)
        {
            await map.AddAsync(entry with { Kept = 0 }, default);
        }

        return [.. (await map.CompleteAsync(default)).Runs];
    }

    internal async Task ExpireAsync()
    {
        var (backups, _) = await BackupCatalog.ListAsync(Cluster, default);
        foreach (var backup in backups.Take(Math.Max(0, backups.Count - 1 - random.Next(2))))
        {
            model.Expire(backup.Id);
            await BackupCatalog.ExpireAsync(
                Cluster,
                backup.Lineage,
                new TombstoneRecord(backup.Id, "test", Cluster.Time.GetUtcNow()),
                default);
        }
    }

    /// <summary>Some segments; and mostly those before them expire, as far as they were promised.</summary>
    internal async Task PushAsync()
    {
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            var segment = Segment(model.NextSegment++);
            var content = new byte[20];
            BitConverter.TryWriteBytes(content, segment.Number);
            var facts = new WalFacts(segment.ToString(), content.Length, WalStore.TagOf(Cluster, content), null, Segment: null);
            await WalStore.PutAsync(Cluster, Cluster.FirstLineage, content, facts, 1, default);
            model.PromiseSegment(
                segment.Number, $"{ObjectNames.WalFile(Cluster.Name, Cluster.FirstLineage, facts.File)}{facts.Tag}");
        }

        if (random.Next(2) == 0)
        {
            var going = model.Segments.SkipLast(random.Next(4)).ToArray();
            model.ExpireSegments(going);
            await WalTombstones.PutAsync(
                Cluster,
                new WalTombstoneRecord(
                    Cluster.FirstLineage,
                    [.. going.Select(number => new WalTombstoneRange(Timeline.First, number, number))],
                    "test",
                    "test",
                    Cluster.Time.GetUtcNow()),
                default);
        }
    }

    internal async Task RenewAsync()
    {
        var report = await LockRenewal.RunAsync(Cluster, default);
        if (report.Failures.Count > 0)
        {
            throw LockRenewal.Failed(Cluster, report);
        }

        model.Locks!.Promise(report.Until);
    }

    /// <summary>Reads what it sees listed, file by file, within the time that a reader without a lease has.</summary>
    internal async Task RestoreAsync()
    {
        var (backups, _) = await BackupCatalog.ListAsync(Cluster, default);
        if (backups.Count == 0)
        {
            return;
        }

        var chosen = backups[random.Next(backups.Count)];
        await sleep(TimeSpan.FromHours(random.Next(1, 18)));
        await model.RequireReadableAsync(Cluster, chosen);
    }

    /// <summary>Several steps, some of them as close to each other as they may be.</summary>
    internal async Task CollectAsync(CollectionMargins margins)
    {
        for (var step = random.Next(1, 5); step > 0; step--)
        {
            var collection = new Collection(Cluster, margins);
            await collection.ApplyAsync(await collection.PlanAsync(default), default);
            await sleep(TimeSpan.FromMinutes(random.Next(3) == 0 ? 600 : random.Next(14, 25)));
        }
    }

    /// <summary>Few different contents, so that backups share many.</summary>
    internal Dictionary<string, byte[]> Files(int number)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var file = 0; file < number; file++)
        {
            var content = new byte[ContentSize];
            new Random(random.Next(8)).NextBytes(content);
            files[string.Create(CultureInfo.InvariantCulture, $"base/{file}")] = content;
        }

        return files;
    }

    private BackupManifest Manifest(Id128[] maps, Id128? run, DateTimeOffset begin)
    {
        var now = Cluster.Time.GetUtcNow();
        return new BackupManifest
        {
            Id = BackupId.New(now),
            Cluster = Cluster.Name,
            Lineage = Cluster.FirstLineage,
            Kind = "full",
            Method = "files",
            StartTime = begin,
            StopTime = now,
            StartLsn = new Lsn(1 << 20),
            StopLsn = new Lsn(2 << 20),
            Timeline = Timeline.First,
            Server = new ServerIdentity("1", 17, "17.2", 1, 8192, 131072, SegmentSize, true, "postgres"),
            BackupLabel = "",
            Tablespaces = [],
            Configuration = [],
            MapRuns = maps,
            IndexRun = run,
            Sizes = new BackupSizes(0, 0, 0, 0),
            ChecksumErrors = 0,
            DamagedPages = [],
            Warnings = [],
            Program = "test",
            Host = "host",
        };
    }

    private static WalSegmentName Segment(ulong number) =>
        new(Timeline.First, number, new WalSegmentSize(SegmentSize));

    /// <summary>Minutes, hours or days; in a long history also so long that every list is forgotten meanwhile.</summary>
    private TimeSpan Suspension(TimeSpan length) => random.Next(10) switch
    {
        < 3 => TimeSpan.FromMinutes(random.Next(5, 100)),
        < 5 when length > TimeSpan.FromDays(30) => TimeSpan.FromDays(random.Next(31, 50)),
        < 7 => TimeSpan.FromHours(random.Next(2, 72)),
        _ => TimeSpan.FromHours(random.Next(72, 200)),
    };
}
