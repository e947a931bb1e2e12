using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>A promise was broken.</summary>
internal sealed class BrokenPromiseException(string what) : Exception(what);

/// <summary>
/// What must hold, told without any code of the collection: files of each backup, what was promised, and when what expired.
/// </summary>
internal sealed class HistoryModel(SimulatedStorage storage, VirtualClock clock)
{
    private readonly Dictionary<string, Dictionary<string, byte[]>> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _promised = new(StringComparer.Ordinal);
    private readonly SortedDictionary<ulong, string> _segments = [];
    private readonly Dictionary<string, DateTimeOffset> _expired = new(StringComparer.Ordinal);

    /// <summary>The objects as they are: nothing lags, nothing takes time.</summary>
    internal Cluster Cluster { get; set; } = null!;

    /// <summary>Whether the store's dates say in which order things happened.</summary>
    internal bool DatesAreTrue { get; set; }

    /// <summary>What must hold of locks; null where nothing is locked.</summary>
    internal HistoryLocks? Locks { get; init; }

    internal ulong NextSegment { get; set; } = 100;

    /// <summary>Those that are promised.</summary>
    internal IEnumerable<ulong> Segments => _segments.Keys;

    /// <summary>Backups that were read whole, over all looks.</summary>
    internal int Read { get; private set; }

    /// <param name="parent">The backup whose files it has but for these; null when these are all.</param>
    internal void Writes(string backup, Dictionary<string, byte[]> files, string? parent)
    {
        var all = parent is null
            ? new Dictionary<string, byte[]>(StringComparer.Ordinal)
            : new Dictionary<string, byte[]>(_files[parent], StringComparer.Ordinal);
        foreach (var (path, content) in files)
        {
            all[path] = content;
        }

        _files[backup] = all;
    }

    /// <summary>The backup was said to be done. It refers to nothing that had been condemned when it began.</summary>
    internal async Task PromiseAsync(string backup, Lease lease, IReadOnlySet<Id128> packs)
    {
        if (!_expired.ContainsKey(ManifestOf(backup)))
        {
            // Others could see it, and let go of it, a moment before it was said to be done.
            _promised.Add(backup);
        }

        var lists = await CondemnedLists.LoadAsync(Cluster, default);
        if (DatesAreTrue && lists.Lists.Where(list => list.Put < lease.Began - CollectionMargins.Usual.Settle)
            .SelectMany(list => list.Names).FirstOrDefault(name => packs.Any(pack => name == $"packs/{pack}")) is { } used)
        {
            throw new BrokenPromiseException($"backup {backup} uses {used}, which had been condemned");
        }
    }

    internal void PromiseSegment(ulong number, string name) => _segments.Add(number, name);

    /// <summary>A tombstone is about to be put.</summary>
    internal void Expire(string backup)
    {
        _promised.Remove(backup);
        _expired.TryAdd(ManifestOf(backup), clock.GetUtcNow());
    }

    internal void ExpireSegments(IEnumerable<ulong> numbers)
    {
        foreach (var number in numbers)
        {
            _segments.Remove(number, out var name);
            _expired.TryAdd(name!, clock.GetUtcNow());
        }
    }

    /// <summary>What was deleted had expired long enough; segments that did not expire are there.</summary>
    internal void RequireOldDeletions()
    {
        foreach (var (name, at) in storage.TakeDeleted())
        {
            var expired = _expired.Where(item => name.EndsWith(item.Key, StringComparison.Ordinal)).ToList();
            if (expired.Count > 0 && at - expired[0].Value < CollectionMargins.Usual.Tombstones)
            {
                throw new BrokenPromiseException($"{name} went {at - expired[0].Value} behind its tombstone");
            }

            if (_segments.ContainsValue(name))
            {
                throw new BrokenPromiseException($"{name} did not expire and was deleted");
            }
        }
    }

    /// <summary>Every backup that is listed, or was promised and not expired, reads as it was written.</summary>
    internal async Task RequireReadableAsync(Lifeboat.Storage.IObjectStore? view = null)
    {
        var (backups, damage) = await BackupCatalog.ListAsync(await OpenAsync(view), default);
        if (damage.Count > 0)
        {
            throw new BrokenPromiseException($"damaged: {damage[0].Message}");
        }

        var listed = backups.Select(backup => backup.Id).ToHashSet(StringComparer.Ordinal);
        if (_promised.FirstOrDefault(id => !listed.Contains(id)) is { } lost)
        {
            throw new BrokenPromiseException($"backup {lost} was promised and is not listed");
        }

        using var index = FrameIndex.ForReading(Cluster);
        using var reader = new ExtentReader(Cluster, index);
        foreach (var backup in backups)
        {
            await RequireReadableAsync(Cluster, reader, backup);
            Read++;
        }

        if (Locks is { } locks)
        {
            // One that was completed at the last moment, by a writer that died then, is nobody's until a collection has seen it.
            var open = CondemnedLists.NamesOf((await CondemnedLists.LoadAsync(Cluster, default)).Lists.Where(list => list.IsOpen));
            var told = backups.Where(backup => _promised.Contains(backup.Id)
                || !open.Any(name => name.EndsWith(ManifestOf(backup.Id), StringComparison.Ordinal))).ToList();
            await locks.RequireLockedAsync(Cluster, told, async frame =>
                [.. (await index.FindAllAsync(frame, default)).Select(place => place.Pack)]);
            await locks.RequireLockedAsync(_segments.Values);
        }
    }

    /// <param name="cluster">As the reader sees it.</param>
    internal async Task RequireReadableAsync(Cluster cluster, BackupManifest backup)
    {
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        await RequireReadableAsync(cluster, reader, backup);
    }

    private async Task RequireReadableAsync(Cluster cluster, ExtentReader reader, BackupManifest backup)
    {
        var left = new HashSet<string>(_files[backup.Id].Keys, StringComparer.Ordinal);
        try
        {
            await foreach (var entry in BackupMap.ReadAsync(cluster, backup.MapRuns, default))
            {
                if (entry.Extent is { } extent)
                {
                    var content = await reader.ReadAsync(entry.Path, extent, default);
                    if (!content.Span.SequenceEqual(_files[backup.Id][entry.Path]) || !left.Remove(entry.Path))
                    {
                        throw new BrokenPromiseException($"backup {backup.Id} has other content in {entry.Path}");
                    }
                }
            }
        }
        catch (Lifeboat.Platform.Errors.LifeboatException failure)
        {
            throw new BrokenPromiseException($"backup {backup.Id} cannot be read: {failure.Message}");
        }

        if (left.Count > 0)
        {
            throw new BrokenPromiseException($"backup {backup.Id} lacks {left.First()}");
        }
    }

    private static string ManifestOf(string backup) => $"/{backup}/manifest";

    private async Task<Cluster> OpenAsync(Lifeboat.Storage.IObjectStore? view) => view is null
        ? Cluster
        : await Cluster.OpenAsync(
            await Lifeboat.Repository.RepositoryRoot.OpenAsync(view, secret: null, clock, default), "main", default);
}
