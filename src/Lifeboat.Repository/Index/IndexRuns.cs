using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Index;

/// <summary>The index runs of a cluster that count: those that can be read and that none of them supersedes.</summary>
internal sealed class IndexRuns : IDisposable
{
    private const int MostAtOnce = 16;

    private readonly IndexRun[] _opened;

    private IndexRuns(IndexRun[] opened, List<DamagedObjectException> damage)
    {
        _opened = opened;
        Damage = damage;
        var superseded = opened.SelectMany(run => run.Supersedes).ToHashSet();
        Live = [.. opened.Where(run => !superseded.Contains(run.Id)).OrderBy(run => run.Created).ThenBy(run => run.Id)];
        Superseded = [.. opened.Select(run => run.Id).Where(superseded.Contains)];
    }

    /// <summary>Oldest first.</summary>
    internal IReadOnlyList<IndexRun> Live { get; }

    /// <summary>Runs that are there and that a run which can be read makes needless.</summary>
    internal IReadOnlyList<Id128> Superseded { get; }

    /// <summary>The runs that are there and that one of them makes needless, also by way of another such run.</summary>
    internal HashSet<Id128> SupersededBy(IndexRun run)
    {
        var found = new HashSet<Id128>();
        var ask = new Queue<IndexRun>([run]);
        while (ask.TryDequeue(out var next))
        {
            foreach (var older in _opened.Where(older => next.Supersedes.Contains(older.Id) && found.Add(older.Id)))
            {
                ask.Enqueue(older);
            }
        }

        return found;
    }

    /// <summary>Runs that cannot be read.</summary>
    internal List<DamagedObjectException> Damage { get; }

    /// <param name="whole">Read every block; a run of which one is damaged does not count.</param>
    internal static async ValueTask<IndexRuns> OpenAsync(
        Cluster cluster, BlockCache cache, CancellationToken cancellationToken, bool whole = false)
    {
        var names = new List<(Id128 Id, long Size)>();
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.IndexRuns(cluster.Name), cancellationToken))
        {
            if (Id128.TryParse(facts.Name.LastPart, out var run))
            {
                names.Add((run, facts.Size));
            }
        }

        var opened = new IndexRun?[names.Count];
        var damage = new List<DamagedObjectException>();
        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForAsync(0, names.Count, options, async (at, stopping) =>
        {
            IndexRun? run = null;
            try
            {
                run = await IndexRun.OpenAsync(cluster, names[at].Id, names[at].Size, cache, stopping);
                if (whole)
                {
                    await ReadAllAsync(run, stopping);
                }

                opened[at] = run;
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // A collection took it away since it was listed: another run holds what it held.
                run?.Dispose();
            }
            catch (DamagedObjectException found)
            {
                run?.Dispose();
                lock (damage)
                {
                    damage.Add(found);
                }
            }
        });
        return new IndexRuns([.. opened.OfType<IndexRun>()], damage);
    }

    public void Dispose()
    {
        foreach (var run in _opened)
        {
            run.Dispose();
        }
    }

    private static async ValueTask ReadAllAsync(IndexRun run, CancellationToken cancellationToken)
    {
        await foreach (var frame in run.ReadFramesAsync(cancellationToken))
        {
            await run.MayHoldAsync(frame.Frame.Id, cancellationToken);
        }

        await foreach (var extent in run.ReadExtentsAsync(cancellationToken))
        {
            await run.MayHoldAsync(extent.Id, cancellationToken);
        }
    }
}
