using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>The index runs, as a collection sees them: which packs they know, and which runs are of no use any more.</summary>
internal sealed class IndexMark(Cluster cluster, ClusterObjects objects)
{
    private readonly List<(Id128 Id, HashSet<Id128> Makes, bool LivesOn)> _live = [];

    /// <summary>Packs that are listed and not there.</summary>
    internal int GonePacks { get; private set; }

    /// <summary>Tells every frame that is listed of a pack which is there, and as large as listed.</summary>
    /// <param name="doubts">Runs that cannot be read, in words.</param>
    /// <param name="meet">See <see cref="FrameHomes.Meet"/>.</param>
    internal async ValueTask RunAsync(
        List<string> doubts, Func<Id128, int, Id128, long, bool> meet, CancellationToken cancellationToken)
    {
        using var runs = await IndexRuns.OpenAsync(cluster, new BlockCache(0), cancellationToken);
        doubts.AddRange(runs.Damage.Select(damage => $"{damage.Name}: {damage.Detail}"));
        var gone = new HashSet<Id128>();
        foreach (var run in runs.Live)
        {
            try
            {
                await foreach (var frame in run.ReadFramesAsync(cancellationToken))
                {
                    var pack = run.Packs[frame.Pack];
                    if (IsThere(pack))
                    {
                        meet(frame.Frame.Id, frame.Frame.Length, pack.Id, pack.CreatedUs);
                    }
                }

                gone.UnionWith(run.Packs.Select(pack => pack.Id).Where(pack => !objects.Packs.ContainsKey(pack)));
                _live.Add((
                    run.Id, runs.SupersededBy(run), run.Packs.Exists(pack => objects.Packs.ContainsKey(pack.Id))));
            }
            catch (DamagedObjectException damage)
            {
                doubts.Add($"{damage.Name}: {damage.Detail}");
            }
        }

        GonePacks = gone.Count;
    }

    /// <summary>Runs that another one has made needless for long enough, and runs that list nothing that is there.</summary>
    /// <param name="isOld">Whether what was stored then is old.</param>
    internal IEnumerable<(Id128 Run, string Why)> Needless(Func<ObjectFacts, bool> isOld)
    {
        foreach (var (id, makes, livesOn) in _live)
        {
            if (!objects.Index.TryGetValue(id, out var facts) || !isOld(facts))
            {
                continue;
            }

            foreach (var superseded in makes.Where(run => objects.Index.TryGetValue(run, out var old) && isOld(old)))
            {
                yield return (superseded, $"index run {id} holds what it lists");
            }

            if (!livesOn)
            {
                yield return (id, "no pack that it lists is there");
            }
        }
    }

    private bool IsThere(IndexedPack pack) =>
        objects.Packs.TryGetValue(pack.Id, out var facts) && facts.Size == pack.Size;
}
