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
        for (var block = opened.BlockOf(from, 0); block < opened.Blocks; block++)
        {
            var entries = await opened.ReadBlockAsync(block, cancellationToken);
            for (var at = MapRun.FirstAtOrBehind(entries, from, 0); at < entries.Count; at++)
            {
                yield return entries[at];
            }
        }
    }

    /// <summary>As above, facts and what is gone alone: blocks that hold only extents are not read.</summary>
    internal static async IAsyncEnumerable<MapEntry> ReadEndsAsync(
        Cluster cluster, Id128 run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var opened = await MapRun.OpenAsync(cluster, run, cancellationToken);
        for (var block = 0; block < opened.Blocks; block++)
        {
            if (opened.IsWithinFile(block))
            {
                continue;
            }

            foreach (var entry in await opened.ReadBlockAsync(block, cancellationToken))
            {
                if (entry.Extent is null)
                {
                    yield return entry;
                }
            }
        }
    }
}
