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
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>
/// One random history: hosts back up, expire and collect in one repository, die at any request, are suspended for minutes or
/// weeks, and see listings that lag; clocks jump. The model knows the files of each backup, and nothing of the collection.
/// </summary>
internal sealed class CollectionHistory
{
    private const int Hosts = 3;

    private readonly Random _random;
    private readonly VirtualClock _clock = new();
    private readonly SimulatedStorage _storage;
    private readonly SimulatedProcesses _processes;
    private readonly TimeSpan[] _skews = new TimeSpan[Hosts];
    private readonly WriterChecks _writer;
    private readonly CollectionChecks _collector;
    private readonly Dictionary<string, Dictionary<string, byte[]>> _model = new(StringComparer.Ordinal);
    private readonly HashSet<string> _promised = new(StringComparer.Ordinal);

    private CollectionHistory(int seed, WriterChecks writer, CollectionChecks collector)
    {
        _random = new Random(seed);
        (_writer, _collector) = (writer, collector);
        _storage = new SimulatedStorage(seed, _clock, createIfAbsent: _random.Next(4) > 0)
        {
            Lag = TimeSpan.FromMinutes(_random.Next(3) * 4),
            Latency = TimeSpan.FromSeconds(_random.Next(1, 20)),
        };
        _processes = new SimulatedProcesses(_clock, _random) { Suspension = 0.01, SuspendedFor = Suspension };
        for (var host = 0; host < Hosts; host++)
        {
            _skews[host] = TimeSpan.FromHours(_random.Next(-48, 48));
        }
    }

    /// <summary>Backups that were listed at the end of a round, over all rounds: so that a test sees that something happened.</summary>
    internal int Listed { get; private set; }

    internal int Deleted => _storage.Deleted.Count;

    /// <exception cref="InvalidOperationException">A promise was broken.</exception>
    internal static async Task<CollectionHistory> RunAsync(
        int seed, WriterChecks? writer = null, CollectionChecks? collector = null)
    {
        var history = new CollectionHistory(seed, writer ?? new(), collector ?? new());
        await history.RunAsync();
        return history;
    }

    private async Task RunAsync()
    {
        var cluster = await OpenAsync(new SimulatedStore(_storage), host: 0, create: true);
        for (var round = 0; round < 5; round++)
        {
            var length = TimeSpan.FromDays(4);
            for (var process = 0; process < 9; process++)
            {
                Start(length * _random.NextDouble(), _random.Next(Hosts), _random.Next(10));
            }

            _processes.Start(length * _random.NextDouble(), (_, _) => JumpAsync());
            await _processes.RunAsync();
            await RequireReadableAsync(cluster);
        }

        await RequireGivenBackAsync(cluster);
    }

    private void Start(TimeSpan after, int host, int what)
    {
        var crash = _random.Next(5) == 0 ? _random.Next(1, 60) : (long?)null;
        var behind = _random.Next(2) == 0;
        var seed = _random.Next();
        _processes.Start(after, async (turn, sleep) =>
        {
            var store = new SimulatedStore(_storage, turn) { CrashAt = crash, CrashBehind = behind };
            try
            {
                var cluster = await OpenAsync(store, host, create: false);
                await (what switch
                {
                    < 4 => BackUpAsync(cluster, new Random(seed), sleep),
                    < 6 => ExpireAsync(cluster, new Random(seed)),
                    _ => CollectAsync(cluster, _collector),
                });
            }
            catch (SimulatedCrashException)
            {
                // What it leaves behind is what the test is about.
            }
            catch (OperationCanceledException)
            {
                // The lease ended it.
            }
            catch (LifeboatException)
            {
                // It said so, and nothing was promised.
            }
        });
    }

    private async Task BackUpAsync(Cluster cluster, Random random, Func<TimeSpan, Task> sleep)
    {
        await using var session = await WriterSession.BeginAsync(cluster, _writer, default);
        var files = Files(random);
        var index = await session.LoadIndexAsync(default);
        var packs = new BackupPacks(cluster);
        await packs.AdoptAsync(index.Unlisted, default);
        using var tagger = new ExtentTagger(cluster.TagKey);
        var entries = new List<MapEntry>();
        await using (var writer = new PackWriter(cluster, 1, tagger, packs.Add))
        {
            foreach (var (path, content) in files)
            {
                var bytes = System.Text.Encoding.UTF8.GetBytes(path);
                var tags = tagger.Tag(content, out var id, out _);
                var (frame, slot) = index.FindExtent(id) ?? await writer.AddAsync(content, SlotKind.Extent, id, default);
                entries.Add(new MapEntry(
                    bytes, new ExtentEntry(0, content.Length, id, tags, frame, slot, []), null, false));
                entries.Add(new MapEntry(
                    bytes, null, new FileFacts(MapFileKind.Regular, 0x180, content.Length, 1, 2, 3, 0), false));
            }

            await writer.FlushAsync(default);
        }

        for (var wait = random.Next(6); wait > 0; wait--)
        {
            await sleep(CollectionMargins.LeaseRenewal);
            if (_writer.Lease)
            {
                await session.Lease.RenewAsync(default);
            }
        }

        var run = await packs.WriteIndexAsync(default);
        await using var map = await MapRunWriter.CreateAsync(cluster, default);
        foreach (var entry in entries.Order(Comparer<MapEntry>.Create(MapEntry.Compare)))
        {
            await map.AddAsync(entry, default);
        }

        await map.CompleteAsync(default);
        var manifest = Manifest(cluster, map.Id, run);
        lock (_model)
        {
            _model[manifest.Id] = files;
        }

        await session.CommitAsync(manifest, [], behindManifest: null, default);
        lock (_model)
        {
            _promised.Add(manifest.Id);
        }

        await session.Lease.EndAsync(default);
    }

    private async Task ExpireAsync(Cluster cluster, Random random)
    {
        var (backups, _) = await BackupCatalog.ListAsync(cluster, default);
        foreach (var backup in backups.Take(Math.Max(0, backups.Count - 1 - random.Next(2))))
        {
            lock (_model)
            {
                _promised.Remove(backup.Id);
            }

            await BackupCatalog.ExpireAsync(
                cluster,
                backup.Lineage,
                new TombstoneRecord(backup.Id, "test", cluster.Time.GetUtcNow()),
                default);
        }
    }

    private static async Task CollectAsync(Cluster cluster, CollectionChecks checks)
    {
        var collection = new Collection(cluster, checks);
        await collection.ApplyAsync(await collection.PlanAsync(default), default);
    }

    /// <summary>One clock jumps, and may come back: the store's or a host's.</summary>
    private Task JumpAsync()
    {
        var by = TimeSpan.FromHours(_random.Next(-72, 72));
        if (_random.Next(3) == 0)
        {
            _storage.Skew += by;
        }
        else
        {
            _skews[_random.Next(Hosts)] += by;
        }

        return Task.CompletedTask;
    }

    /// <summary>Every backup that is listed, or was promised and not expired, reads as the model says.</summary>
    private async Task RequireReadableAsync(Cluster cluster)
    {
        var lag = _storage.Lag;
        _clock.Advance(lag);
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, default);
        if (damage.Count > 0)
        {
            throw new InvalidOperationException($"damaged: {damage[0].Message}");
        }

        var listed = backups.Select(backup => backup.Id).ToHashSet(StringComparer.Ordinal);
        if (_promised.FirstOrDefault(id => !listed.Contains(id)) is { } lost)
        {
            throw new InvalidOperationException($"backup {lost} was promised and is not listed");
        }

        var index = await FrameIndex.LoadAsync(cluster, default);
        using var reader = new ExtentReader(cluster, index);
        foreach (var backup in backups)
        {
            var left = new HashSet<string>(_model[backup.Id].Keys, StringComparer.Ordinal);
            await foreach (var entry in BackupMap.ReadAsync(cluster, backup.MapRuns, default))
            {
                if (entry.Extent is { } extent)
                {
                    var content = await reader.ReadAsync(entry.Path, extent, default);
                    if (!content.Span.SequenceEqual(_model[backup.Id][entry.Path]) || !left.Remove(entry.Path))
                    {
                        throw new InvalidOperationException($"backup {backup.Id} has other content in {entry.Path}");
                    }
                }
            }

            if (left.Count > 0)
            {
                throw new InvalidOperationException($"backup {backup.Id} lacks {left.First()}");
            }

            Listed++;
        }
    }

    /// <summary>Behind all margins, nothing is there that no backup reaches.</summary>
    private async Task RequireGivenBackAsync(Cluster cluster)
    {
        for (var run = 0; run < 12; run++)
        {
            _clock.Advance(CollectionMargins.Orphans * 2);
            await CollectAsync(cluster, new CollectionChecks());
        }

        await RequireReadableAsync(cluster);
        var objects = await ClusterObjects.ListAsync(cluster, default);
        var mark = new CollectionMark(cluster, objects);
        await mark.RunAsync((await BackupCatalog.ListAsync(cluster, default)).Backups, default);
        if (mark.Doubts.Count > 0 || objects.Maps.Count > mark.NeededMaps.Count
            || objects.Packs.Count > mark.NeededPacks.Count)
        {
            throw new InvalidOperationException(
                $"not given back: {objects.Packs.Count} packs, {mark.NeededPacks.Count} needed; {objects.Maps.Count} maps, "
                + $"{mark.NeededMaps.Count} needed; {string.Join(", ", mark.Doubts)}");
        }
    }

    /// <summary>Few different contents, so that backups share many.</summary>
    private static Dictionary<string, byte[]> Files(Random random)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var file = 0; file < 3; file++)
        {
            var content = new byte[200];
            new Random(random.Next(8)).NextBytes(content);
            files[string.Create(CultureInfo.InvariantCulture, $"base/{file}")] = content;
        }

        return files;
    }

    private static BackupManifest Manifest(Cluster cluster, Id128 map, Id128? run)
    {
        var now = cluster.Time.GetUtcNow();
        return new BackupManifest
        {
            Id = BackupId.New(now),
            Cluster = cluster.Name,
            Lineage = cluster.FirstLineage,
            Kind = "full",
            Method = "files",
            StartTime = now,
            StopTime = now,
            StartLsn = new Lsn(1 << 20),
            StopLsn = new Lsn(2 << 20),
            Timeline = Timeline.First,
            Server = new ServerIdentity("1", 17, "17.2", 1, 8192, 131072, 1 << 20, true, "postgres"),
            BackupLabel = "",
            Tablespaces = [],
            Configuration = [],
            MapRuns = [map],
            IndexRun = run,
            Sizes = new BackupSizes(0, 0, 0, 0),
            ChecksumErrors = 0,
            DamagedPages = [],
            Warnings = [],
            Program = "test",
            Host = "host",
        };
    }

    private async Task<Cluster> OpenAsync(IObjectStore store, int host, bool create)
    {
        var time = _clock.Skewed(() => _skews[host]);
        if (create)
        {
            var (made, _) = await RepositoryRoot.InitAsync(store, secret: null, time, default);
            return (await Cluster.CreateAsync(made, "main", default)).Cluster;
        }

        return await Cluster.OpenAsync(await RepositoryRoot.OpenAsync(store, secret: null, time, default), "main", default);
    }

    /// <summary>Mostly minutes, sometimes so long that the lease, and rarely that every list is gone.</summary>
    private static TimeSpan Suspension(Random random) => random.Next(10) switch
    {
        0 => TimeSpan.FromDays(random.Next(1, 60)),
        < 4 => TimeSpan.FromDays(3 * random.NextDouble()),
        _ => TimeSpan.FromMinutes(random.Next(1, 90)),
    };
}
