using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>The map of one backup: its runs laid over each other (format, section 6).</summary>
public static class BackupMap
{
    /// <summary>
    /// All entries that hold, in order: for each file its extents, then its facts. Extents behind the end of the file, and
    /// files that a later run calls gone, are left out. No entry is a patch.
    /// </summary>
    /// <param name="runs">Base first.</param>
    public static IAsyncEnumerable<MapEntry> ReadAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, CancellationToken cancellationToken) =>
        ReadAsync(cluster, runs, [], cancellationToken);

    /// <summary>As above, of the files whose paths begin with a prefix; only their blocks are read.</summary>
    public static async IAsyncEnumerable<MapEntry> ReadAsync(
        Cluster cluster,
        IReadOnlyList<Id128> runs,
        byte[] prefix,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (entry, _) in ReadWithRunsAsync(cluster, runs, prefix, cancellationToken))
        {
            yield return entry;
        }
    }

    /// <summary>As <c>ReadAsync</c>, each entry with the run that it comes from, of a patched extent the last patch's.</summary>
    /// <exception cref="DamagedObjectException">
    /// A run is damaged, the facts of a file are in none of them, or a patch has nothing below it.
    /// </exception>
    internal static async IAsyncEnumerable<(MapEntry Entry, Id128 Run)> ReadWithRunsAsync(
        Cluster cluster,
        IReadOnlyList<Id128> runs,
        byte[] prefix,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var files = new MapFiles(cluster);
        await foreach (var file in files.ReadAsync(runs, prefix, cancellationToken))
        {
            if (!file.Path.AsSpan().StartsWith(prefix))
            {
                yield break;
            }

            foreach (var entry in ResolvedFile.Of(cluster, file))
            {
                yield return entry;
            }
        }
    }
}
