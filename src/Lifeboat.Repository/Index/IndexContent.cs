using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>The runs of an index and the packs that are really there. May be used by several at the same time.</summary>
internal sealed class IndexContent : IDisposable
{
    private readonly IndexRuns _runs;
    private readonly BlockCache _cache;
    private readonly Dictionary<Id128, IndexedPack> _usable = [];
    private readonly Dictionary<Id128, List<FrameLocation>> _unlistedFrames = [];
    private readonly Dictionary<Id128, (FramePlace Place, int Slot)> _unlistedExtents = [];
    private readonly List<DamagedObjectException> _damage;
    private readonly List<PackRecord> _unlisted = [];
    private readonly Lock _lock = new();

    private IndexContent(IndexRuns runs, BlockCache cache)
    {
        _runs = runs;
        _cache = cache;
        _damage = [.. runs.Damage];
    }

    internal IReadOnlyList<DamagedObjectException> Damage
    {
        get
        {
            lock (_lock)
            {
                return [.. _damage];
            }
        }
    }

    internal IReadOnlyList<PackRecord> Unlisted => _unlisted;

    internal IReadOnlyList<Id128> Superseded => _runs.Superseded;

    internal long BlocksRead => _cache.Misses;

    /// <param name="whole">Read every block of every run.</param>
    /// <param name="without">Packs that count as gone.</param>
    internal static async ValueTask<IndexContent> LoadAsync(
        Cluster cluster, bool whole, CancellationToken cancellationToken, IReadOnlySet<Id128>? without = null)
    {
        // Runs are listed after packs: a pack that is stored and listed meanwhile is seen twice and not missed.
        var stored = new Dictionary<Id128, long>();
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.Packs(cluster.Name), cancellationToken))
        {
            if (Id128.TryParse(facts.Name.LastPart, out var id) && without?.Contains(id) != true)
            {
                stored[id] = facts.Size;
            }
        }

        var cache = new BlockCache(BlockCache.Usual);
        var content = new IndexContent(await IndexRuns.OpenAsync(cluster, cache, cancellationToken, whole), cache);
        try
        {
            await content.JoinAsync(cluster, stored, cancellationToken);
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    public void Dispose() => _runs.Dispose();

    /// <summary>Every place of a frame, the newest pack first.</summary>
    internal async ValueTask<List<FrameLocation>> FindAsync(Id128 frame, CancellationToken cancellationToken)
    {
        var found = new List<FrameLocation>(_unlistedFrames.GetValueOrDefault(frame) ?? []);
        await foreach (var (pack, entry) in EntriesAsync(frame, cancellationToken))
        {
            if (_usable.ContainsKey(pack.Id) && found.TrueForAll(other => other.Pack != pack.Id))
            {
                found.Add(new FrameLocation(pack.Id, entry));
            }
        }

        return [.. found.OrderByDescending(place => Created(place.Pack))];
    }

    internal async ValueTask<Id128?> FindLostAsync(Id128 frame, CancellationToken cancellationToken)
    {
        await foreach (var (pack, _) in EntriesAsync(frame, cancellationToken))
        {
            if (!_usable.ContainsKey(pack.Id))
            {
                return pack.Id;
            }
        }

        return null;
    }

    /// <summary>The places of an extent that may be referred to anew, the newest pack first.</summary>
    internal async ValueTask<List<(FramePlace Place, int Slot)>> FindExtentAsync(
        Id128 extent, CancellationToken cancellationToken)
    {
        var found = new List<(FramePlace Place, int Slot)>();
        if (_unlistedExtents.TryGetValue(extent, out var unlisted))
        {
            found.Add(unlisted);
        }

        foreach (var run in _runs.Live)
        {
            foreach (var entry in await LookAsync(
                run, extent, () => run.FindExtentsAsync(extent, cancellationToken), cancellationToken))
            {
                if (_usable.TryGetValue(run.Packs[entry.Pack].Id, out var pack)
                    && pack is { IsCondemned: false, StorageClass: 0 })
                {
                    found.Add((new FramePlace(pack.Id, entry.Frame), entry.Slot));
                }
            }
        }

        return found.Count < 2 ? found : [.. found.OrderByDescending(place => Created(place.Place.Pack))];
    }

    private async IAsyncEnumerable<(IndexedPack Pack, PackedFrame Entry)> EntriesAsync(
        Id128 frame, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var run in _runs.Live)
        {
            foreach (var entry in await LookAsync(
                run, frame, () => run.FindFramesAsync(frame, cancellationToken), cancellationToken))
            {
                yield return (run.Packs[entry.Pack], entry.Frame);
            }
        }
    }

    /// <summary>A damaged block says nothing: what it lists is stored anew, or found by whoever repairs the index.</summary>
    private async ValueTask<List<T>> LookAsync<T>(
        IndexRun run, Id128 id, Func<ValueTask<List<T>>> look, CancellationToken cancellationToken)
    {
        try
        {
            return await run.MayHoldAsync(id, cancellationToken) ? await look() : [];
        }
        catch (DamagedObjectException damage)
        {
            lock (_lock)
            {
                if (_damage.TrueForAll(other => other.Name != damage.Name))
                {
                    _damage.Add(damage);
                }
            }

            return [];
        }
    }

    private long Created(Id128 pack) => _usable.TryGetValue(pack, out var facts) ? facts.CreatedUs : long.MaxValue;

    private async ValueTask JoinAsync(
        Cluster cluster, Dictionary<Id128, long> stored, CancellationToken cancellationToken)
    {
        var listed = new HashSet<Id128>();
        foreach (var pack in _runs.Live.SelectMany(run => run.Packs))
        {
            if (!stored.TryGetValue(pack.Id, out var size))
            {
                listed.Add(pack.Id);
            }
            else if (size == pack.Size)
            {
                // Facts are the newest run's; frames may be in any.
                _usable[pack.Id] = pack;
                if (pack.Frames > 0)
                {
                    listed.Add(pack.Id);
                }
            }
        }

        var unlisted = stored.Where(pack => !listed.Contains(pack.Key)).ToList();
        var records = new PackRecord?[unlisted.Count];
        var options = RequestsAtOnce.Options(16, cancellationToken);
        await Parallel.ForAsync(0, unlisted.Count, options, async (at, stopping) =>
        {
            try
            {
                records[at] = await PackDirectory.ReadAsync(cluster, unlisted[at].Key, unlisted[at].Value, stopping);
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // A collection took it away since it was listed.
            }
            catch (DamagedObjectException damage)
            {
                lock (_lock)
                {
                    _damage.Add(damage);
                }
            }
        });
        foreach (var record in records.OfType<PackRecord>())
        {
            Add(record);
        }
    }

    private void Add(PackRecord pack)
    {
        _unlisted.Add(pack);
        foreach (var frame in pack.Frames)
        {
            if (!_unlistedFrames.TryGetValue(frame.Id, out var places))
            {
                _unlistedFrames[frame.Id] = places = [];
            }

            places.Add(new FrameLocation(pack.Id, frame));
            for (var slot = 0; slot < frame.Slots.Length; slot++)
            {
                if (frame.Slots[slot].Kind == SlotKind.Extent)
                {
                    _unlistedExtents.TryAdd(frame.Slots[slot].Id, (new FramePlace(pack.Id, frame.Number), slot));
                }
            }
        }
    }
}
