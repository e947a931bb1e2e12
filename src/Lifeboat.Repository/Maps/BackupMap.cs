using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>The map of one backup: its runs laid over each other, later ones over earlier ones.</summary>
public static class BackupMap
{
    /// <summary>
    /// All entries that hold, in order: for each file its extents, then its facts. Extents behind the end of the file, and
    /// files that a later run calls gone, are left out.
    /// </summary>
    /// <param name="runs">Base first.</param>
    public static async IAsyncEnumerable<MapEntry> ReadAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (runs.Count == 1)
        {
            await foreach (var entry in MapRunReader.ReadAsync(cluster, runs[0], cancellationToken))
            {
                if (!entry.IsGone)
                {
                    yield return entry;
                }
            }

            yield break;
        }

        var file = new List<MapEntry>();
        await foreach (var entry in MergeAsync(cluster, runs, cancellationToken))
        {
            file.Add(entry);
            if (entry.Extent is not null)
            {
                continue;
            }

            if (entry.Facts is { } facts)
            {
                foreach (var kept in file)
                {
                    if (kept.Extent is not { } extent || (long)extent.Number * PageTags.ExtentSize < facts.Length)
                    {
                        yield return kept;
                    }
                }
            }

            file.Clear();
        }
    }

    private static async IAsyncEnumerable<MapEntry> MergeAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursors = runs
            .Select(run => MapRunReader.ReadAsync(cluster, run, cancellationToken).GetAsyncEnumerator(cancellationToken))
            .ToArray();
        try
        {
            var live = new bool[cursors.Length];
            for (var at = 0; at < cursors.Length; at++)
            {
                live[at] = await cursors[at].MoveNextAsync();
            }

            while (Array.IndexOf(live, value: true) >= 0)
            {
                // Among equal keys the entry of the latest run wins, and all of them step on.
                MapEntry? least = null;
                for (var at = 0; at < cursors.Length; at++)
                {
                    if (live[at] && (least is null || MapEntry.Compare(cursors[at].Current, least) <= 0))
                    {
                        least = cursors[at].Current;
                    }
                }

                for (var at = 0; at < cursors.Length; at++)
                {
                    if (live[at] && MapEntry.Compare(cursors[at].Current, least!) == 0)
                    {
                        live[at] = await cursors[at].MoveNextAsync();
                    }
                }

                yield return least!;
            }
        }
        finally
        {
            foreach (var cursor in cursors)
            {
                await cursor.DisposeAsync();
            }
        }
    }
}
