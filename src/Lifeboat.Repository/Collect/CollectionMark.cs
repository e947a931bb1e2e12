using System.Runtime.InteropServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// What the backups that stay reach. Anything that cannot be read is a doubt, and with a doubt nothing goes: what cannot be
/// read may refer to anything. The index tells which packs are needed; that one is not, only the pack itself tells.
/// </summary>
/// <remarks>Memory: some 40 bytes for each frame that is needed.</remarks>
internal sealed class CollectionMark(Cluster cluster, ClusterObjects objects)
{
    private const int MostAtOnce = 16;

    /// <summary>Frames that maps name, and whether a pack that is there holds them.</summary>
    private readonly Dictionary<Id128, bool> _frames = [];

    /// <summary>In words.</summary>
    internal List<string> Doubts { get; } = [];

    internal HashSet<Id128> NeededMaps { get; } = [];

    internal HashSet<Id128> NeededPacks { get; } = [];

    /// <summary>Packs that were read and hold nothing that is needed: only these can be given up.</summary>
    internal HashSet<Id128> FreePacks { get; } = [];

    internal IndexMark Index { get; } = new(cluster, objects);

    /// <param name="roots">The map runs of every backup that is not certain to go.</param>
    /// <param name="mayGo">Which packs are old enough: the others are not read, unless a frame is looked for.</param>
    internal async ValueTask RunAsync(
        IEnumerable<Id128> roots, Func<ObjectFacts, bool> mayGo, CancellationToken cancellationToken)
    {
        foreach (var run in roots.Where(NeededMaps.Add))
        {
            await ReadMapAsync(run, cancellationToken);
        }

        await Index.RunAsync(Doubts, Need, cancellationToken);
        await ReadPacksAsync(
            objects.Packs.Where(pack => !NeededPacks.Contains(pack.Key) && mayGo(pack.Value)), cancellationToken);
        if (_frames.ContainsValue(false))
        {
            await ReadPacksAsync(
                objects.Packs.Where(pack => !NeededPacks.Contains(pack.Key) && !mayGo(pack.Value)), cancellationToken);
        }

        if (_frames.Values.Count(found => !found) is > 0 and var lost)
        {
            Doubts.Add($"{lost} frames that backups need are in no pack that can be read");
        }
    }

    /// <summary>Every frame that an entry of a map names, whatever other runs say of its place.</summary>
    internal static IEnumerable<Id128> FramesOf(MapEntry entry) => entry.Extent is not { } extent
        ? []
        : extent.Overlays.Select(overlay => overlay.Frame.Id).Concat(extent.Base is { } held ? [held.Id] : []);

    private async ValueTask ReadMapAsync(Id128 run, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var entry in MapRunReader.ReadAsync(cluster, run, from: [], cancellationToken))
            {
                foreach (var frame in FramesOf(entry))
                {
                    _frames.TryAdd(frame, false);
                }
            }
        }
        catch (DamagedObjectException damage)
        {
            Doubts.Add($"{damage.Name}: {damage.Detail}");
        }
    }

    /// <summary>Whether the frame is needed; then the pack that holds it is.</summary>
    private bool Need(Id128 frame, Id128 pack)
    {
        ref var found = ref CollectionsMarshal.GetValueRefOrNullRef(_frames, frame);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref found))
        {
            return false;
        }

        found = true;
        NeededPacks.Add(pack);
        return true;
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
                lock (_frames)
                {
                    if (record.Frames.Count(frame => Need(frame.Id, pack.Key)) == 0)
                    {
                        FreePacks.Add(pack.Key);
                    }
                }
            }
            catch (DamagedObjectException)
            {
                // Not among those that can go.
            }
        });
    }
}
