using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>Reads one map run, block by block, in order.</summary>
internal static class MapRunReader
{
    /// <param name="from">Where to begin: the first path at or behind it; empty for all.</param>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped, foreign, or not in order.</exception>
    internal static async IAsyncEnumerable<MapEntry> ReadAsync(
        Cluster cluster, Id128 run, byte[] from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var opened = await MapRun.OpenAsync(cluster, run, cancellationToken);
        var first = opened.BlockOf(from, 0);
        await using var ahead = opened.ReadAhead(Enumerable.Range(first, opened.Blocks - first));
        for (var block = first; block < opened.Blocks; block++)
        {
            var entries = await opened.ReadBlockAsync(block, ahead, cancellationToken);
            for (var at = MapRun.FirstAtOrBehind(entries, from, 0); at < entries.Count; at++)
            {
                yield return entries[at];
            }
        }
    }

    /// <summary>
    /// The ids of all frames that a run names, some more than once. A block lists them before its entries, which can refer to
    /// nothing else; the entries are not looked at.
    /// </summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async IAsyncEnumerable<Id128[]> ReadFramesAsync(
        Cluster cluster, Id128 run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var opened = await MapRun.OpenAsync(cluster, run, cancellationToken);
        await using var ahead = opened.ReadAhead(Enumerable.Range(0, opened.Blocks));
        for (var block = 0; block < opened.Blocks; block++)
        {
            yield return await opened.ReadFramesAsync(ahead, cancellationToken);
        }
    }

    /// <summary>The facts of a run and what is gone: blocks that hold only extents are not read.</summary>
    internal static async IAsyncEnumerable<MapEntry> ReadEndsAsync(
        Cluster cluster, Id128 run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var opened = await MapRun.OpenAsync(cluster, run, cancellationToken);
        var blocks = Enumerable.Range(0, opened.Blocks).Where(block => !opened.IsWithinFile(block)).ToList();
        await using var ahead = opened.ReadAhead(blocks);
        foreach (var block in blocks)
        {
            foreach (var entry in await opened.ReadBlockAsync(block, ahead, cancellationToken))
            {
                if (entry.Extent is null)
                {
                    yield return entry;
                }
            }
        }
    }
}
