using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// Looks single extents and files up in the map of a backup, in any order; keys that ascend read each block once. Holds
/// the block directories of all runs and a few blocks of each. Used by one caller at a time.
/// </summary>
public sealed class MapLookup : IDisposable
{
    private readonly MapFiles _composer;
    private readonly MapRun[] _runs;

    private MapLookup(Cluster cluster, MapRun[] runs)
    {
        _composer = new MapFiles(cluster);
        _runs = runs;
    }

    /// <summary>Blocks read from the store so far.</summary>
    public long BlocksRead => _runs.Sum(run => run.BlocksRead);

    internal IReadOnlyList<MapRun> Runs => _runs;

    /// <param name="runs">Base first.</param>
    /// <exception cref="Containers.DamagedObjectException">A run cannot be opened.</exception>
    public static async ValueTask<MapLookup> OpenAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, CancellationToken cancellationToken)
    {
        var opening = runs.Select(run => MapRun.OpenAsync(cluster, run, cancellationToken).AsTask()).ToArray();
        try
        {
            return new MapLookup(cluster, await Task.WhenAll(opening));
        }
        catch
        {
            foreach (var opened in opening.Where(task => task.IsCompletedSuccessfully))
            {
                (await opened).Dispose();
            }

            throw;
        }
    }

    public void Dispose()
    {
        _composer.Dispose();
        foreach (var run in _runs)
        {
            run.Dispose();
        }
    }

    /// <summary>What the backup says of an extent; null when it has none of this number.</summary>
    /// <exception cref="Containers.DamagedObjectException">A block is damaged, or a patch does not fit.</exception>
    public async ValueTask<ExtentEntry?> FindAsync(byte[] path, int number, CancellationToken cancellationToken)
    {
        var layers = await LayersAsync(path, number, skipBase: false, cancellationToken);
        MapEntry? composed = null;
        foreach (var layer in Enumerable.Reverse(layers))
        {
            composed = composed is null ? layer.Entry : _composer.Compose(composed, layer);
        }

        return composed?.Extent is { IsPatch: false } extent ? extent : null;
    }

    /// <summary>The facts of a file; null when the backup has no such file.</summary>
    public async ValueTask<FileFacts?> FindFactsAsync(byte[] path, CancellationToken cancellationToken)
    {
        foreach (var run in _runs.Reverse())
        {
            if (await run.FindAtOrBehindAsync(path, int.MaxValue, cancellationToken) is { } entry
                && entry.PathBytes.AsSpan().SequenceEqual(path))
            {
                return entry.Facts;
            }
        }

        return null;
    }

    /// <summary>What the runs say of an extent, newest first, down to the one that stands by itself.</summary>
    /// <param name="skipBase">Leave out blocks of the base in which no extent has an overlay.</param>
    internal async ValueTask<List<(MapEntry Entry, Id128 Run)>> LayersAsync(
        byte[] path, int number, bool skipBase, CancellationToken cancellationToken)
    {
        var layers = new List<(MapEntry, Id128)>();
        for (var at = _runs.Length - 1; at >= 0; at--)
        {
            var run = _runs[at];
            if (at == 0 && skipBase && (run.Blocks == 0 || run.MostOverlays(run.BlockOf(path, number)) == 0))
            {
                break;
            }

            var entry = await run.FindAtOrBehindAsync(path, number, cancellationToken);
            if (entry is null || !entry.PathBytes.AsSpan().SequenceEqual(path))
            {
                continue;
            }

            if (entry.Extent is { } extent && extent.Number == number)
            {
                layers.Add((entry, run.Id));
                if (!extent.IsPatch)
                {
                    break;
                }
            }

            if (entry.IsGone || number >= entry.Kept)
            {
                break;
            }
        }

        return layers;
    }
}
