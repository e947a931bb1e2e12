using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// What the backups that stay reach. Anything that cannot be read is a doubt, and with a doubt nothing goes: what cannot be
/// read may refer to anything.
/// </summary>
internal sealed class CollectionMark(Cluster cluster, ClusterObjects objects)
{
    private readonly HashSet<Id128> _frames = [];
    private readonly Dictionary<Id128, PackRecord> _packs = [];

    /// <summary>In words.</summary>
    internal List<string> Doubts { get; } = [];

    internal HashSet<Id128> NeededMaps { get; } = [];

    internal HashSet<Id128> NeededPacks { get; } = [];

    /// <summary>Packs whose content is known: only these can be given up.</summary>
    internal IReadOnlyDictionary<Id128, PackRecord> Packs => _packs;

    /// <summary>Index runs, newest first, and the packs that they list.</summary>
    internal List<(Id128 Id, IReadOnlyList<PackRecord> Packs)> IndexRuns { get; } = [];

    /// <param name="roots">Every backup that is not certain to go.</param>
    internal async ValueTask RunAsync(IEnumerable<BackupManifest> roots, CancellationToken cancellationToken)
    {
        foreach (var run in roots.SelectMany(root => root.MapRuns))
        {
            if (NeededMaps.Add(run))
            {
                await DoubtAsync(() => ReadMapAsync(run, cancellationToken));
            }
        }

        await ReadIndexAsync(cancellationToken);
        foreach (var (pack, facts) in objects.Packs)
        {
            if (!_packs.TryGetValue(pack, out var record) || record.Size != facts.Size)
            {
                await ReadPackAsync(pack, facts.Size, cancellationToken);
            }
        }

        var found = new HashSet<Id128>();
        foreach (var (pack, record) in _packs.Where(pair => objects.Packs.ContainsKey(pair.Key)))
        {
            var before = found.Count;
            found.UnionWith(record.Frames.Select(frame => frame.Id).Where(_frames.Contains));
            if (found.Count > before || record.Frames.Any(frame => _frames.Contains(frame.Id)))
            {
                NeededPacks.Add(pack);
            }
        }

        if (_frames.Count > found.Count)
        {
            Doubts.Add($"{_frames.Count - found.Count} frames that backups need are in no pack that can be read");
        }
    }

    internal static IEnumerable<Id128> FramesOf(MapEntry entry) => entry.Extent is { Base: { } held } extent
        ? extent.Overlays.Select(overlay => overlay.Frame.Id).Prepend(held.Id)
        : [];

    private async ValueTask ReadMapAsync(Id128 run, CancellationToken cancellationToken)
    {
        await foreach (var entry in MapRunReader.ReadAsync(cluster, run, cancellationToken))
        {
            _frames.UnionWith(FramesOf(entry));
        }
    }

    private async ValueTask ReadIndexAsync(CancellationToken cancellationToken)
    {
        var runs = new List<(DateTimeOffset Created, Id128 Id, IReadOnlyList<PackRecord> Packs)>();
        foreach (var run in objects.Index.Keys)
        {
            try
            {
                var (created, packs) = await IndexRun.ReadAsync(cluster, run, cancellationToken);
                runs.Add((created, run, packs));
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // A listing that lags behind an earlier collection.
            }
            catch (DamagedObjectException damage)
            {
                Doubts.Add($"{damage.Name}: {damage.Detail}");
            }
        }

        foreach (var (_, id, packs) in runs.OrderByDescending(run => run.Created))
        {
            IndexRuns.Add((id, packs));
            foreach (var pack in packs)
            {
                _packs.TryAdd(pack.Id, pack);
            }
        }
    }

    /// <summary>One that cannot be read stays, and hides nothing: a frame that only it holds is a doubt.</summary>
    private async ValueTask ReadPackAsync(Id128 pack, long size, CancellationToken cancellationToken)
    {
        _packs.Remove(pack);
        try
        {
            _packs[pack] = await PackDirectory.ReadAsync(cluster, pack, size, cancellationToken);
        }
        catch (DamagedObjectException)
        {
            // Not among those that can go.
        }
    }

    private async ValueTask DoubtAsync(Func<ValueTask> read)
    {
        try
        {
            await read();
        }
        catch (DamagedObjectException damage)
        {
            Doubts.Add($"{damage.Name}: {damage.Detail}");
        }
    }
}
