using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// What the backups that stay reach. Anything that cannot be read is a doubt, and with a doubt nothing goes: what cannot be
/// read may refer to anything. The index tells which packs are needed; that one is not, only the pack itself tells, and that
/// another one holds what it holds, only that other one.
/// </summary>
/// <param name="homes">Where each frame stays.</param>
internal sealed class CollectionMark(Cluster cluster, ClusterObjects objects, FrameHomes homes)
{
    private const int MostAtOnce = 16;

    /// <summary>Map runs; each has many requests of its own under way.</summary>
    private const int MapsAtOnce = 8;

    private readonly Lock _lock = new();

    /// <summary>Packs that were read, with those of their frames that are needed.</summary>
    private readonly Dictionary<Id128, List<Id128>> _read = [];

    /// <summary>In words.</summary>
    internal List<string> Doubts { get; } = [];

    internal HashSet<Id128> NeededMaps { get; } = [];

    /// <summary>Packs that were read and are not needed: only these can be given up.</summary>
    internal HashSet<Id128> FreePacks { get; } = [];

    internal IndexMark Index { get; } = new(cluster, objects);

    /// <param name="roots">The map runs of every backup that is not certain to go.</param>
    /// <param name="mayGo">Which packs are old enough: the others are not read, unless a frame is looked for.</param>
    internal async ValueTask RunAsync(
        IEnumerable<Id128> roots, Func<ObjectFacts, bool> mayGo, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            roots.Where(NeededMaps.Add).ToList(), RequestsAtOnce.Options(MapsAtOnce, cancellationToken), ReadMapAsync);

        await Index.RunAsync(Doubts, homes.Meet, cancellationToken);
        var needed = homes.Needed();
        await ReadPacksAsync(
            objects.Packs.Where(pack => !needed.Contains(pack.Key) && mayGo(pack.Value)), cancellationToken);
        if (homes.Missing > 0)
        {
            await ReadPacksAsync(
                objects.Packs.Where(pack => !needed.Contains(pack.Key) && !mayGo(pack.Value)), cancellationToken);
        }

        if (homes.Missing > 0)
        {
            Doubts.Add($"{homes.Missing} frames that backups need are in no pack that can be read");
        }

        await FindFreeAsync(cancellationToken);
    }

    private async ValueTask ReadMapAsync(Id128 run, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var frames in MapRunReader.ReadFramesAsync(cluster, run, cancellationToken))
            {
                lock (_lock)
                {
                    foreach (var frame in frames)
                    {
                        homes.Expect(frame);
                    }
                }
            }
        }
        catch (DamagedObjectException damage)
        {
            lock (_lock)
            {
                Doubts.Add($"{damage.Name}: {damage.Detail}");
            }
        }
    }

    /// <summary>One that cannot be read stays, and hides nothing: a frame that only it holds is a doubt.</summary>
    private async ValueTask ReadPacksAsync(
        IEnumerable<KeyValuePair<Id128, ObjectFacts>> packs, CancellationToken cancellationToken)
    {
        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForEachAsync(packs.ToList(), options, async (pack, stopping) =>
        {
            try
            {
                var record = await PackDirectory.ReadAsync(cluster, pack.Key, pack.Value.Size, stopping);
                lock (_lock)
                {
                    _read[pack.Key] =
                    [
                        .. record.Frames
                            .Where(frame => homes.Meet(frame.Id, frame.Length, pack.Key, record.CreatedUs))
                            .Select(frame => frame.Id),
                    ];
                }
            }
            catch (DamagedObjectException)
            {
                // Not among those that can go.
            }
        });
    }

    /// <summary>What a pack holds and is needed must be where it stays: the home's own directory says so.</summary>
    private async ValueTask FindFreeAsync(CancellationToken cancellationToken)
    {
        var needed = homes.Needed();
        var free = _read.Where(pack => !needed.Contains(pack.Key)).ToList();
        var asked = free.SelectMany(pack => pack.Value).Select(frame => homes.HomeOf(frame)!.Value)
            .Where(home => !_read.ContainsKey(home)).Distinct();
        await ReadPacksAsync(
            asked.Select(home => KeyValuePair.Create(home, objects.Packs[home])), cancellationToken);
        var confirmed = new Dictionary<Id128, HashSet<Id128>>();
        foreach (var (pack, frames) in free)
        {
            if (frames.TrueForAll(frame => HoldsAt(homes.HomeOf(frame)!.Value, frame)))
            {
                FreePacks.Add(pack);
            }
        }

        bool HoldsAt(Id128 home, Id128 frame)
        {
            if (!confirmed.TryGetValue(home, out var held))
            {
                confirmed[home] = held = [.. _read.GetValueOrDefault(home) ?? []];
            }

            return held.Contains(frame);
        }
    }
}
