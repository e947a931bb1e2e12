using System.Runtime.CompilerServices;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
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
        await foreach (var (entry, _) in ReadWithRunsAsync(cluster, runs, cancellationToken))
        {
            yield return entry;
        }
    }

    /// <summary>As <see cref="ReadAsync"/>, each entry with the run that it comes from.</summary>
    /// <exception cref="DamagedObjectException">A run is damaged, or the facts of a file are in none of them.</exception>
    internal static async IAsyncEnumerable<(MapEntry Entry, Id128 Run)> ReadWithRunsAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = new List<(MapEntry Entry, Id128 Run)>();
        await foreach (var next in MergeAsync(cluster, runs, cancellationToken))
        {
            if (file.Count > 0 && !file[0].Entry.PathBytes.AsSpan().SequenceEqual(next.Entry.PathBytes))
            {
                throw WithoutFacts(cluster, file[0]);
            }

            if (next.Entry.Extent is not null)
            {
                file.Add(next);
                continue;
            }

            if (next.Entry.Facts is { } facts)
            {
                foreach (var kept in file)
                {
                    if ((long)kept.Entry.Number * PageTags.ExtentSize < facts.Length)
                    {
                        yield return kept;
                    }
                }

                yield return next;
            }

            file.Clear();
        }

        if (file.Count > 0)
        {
            throw WithoutFacts(cluster, file[0]);
        }
    }

    private static DamagedObjectException WithoutFacts(Cluster cluster, (MapEntry Entry, Id128 Run) first) => new(
        ObjectNames.MapRun(cluster.Name, first.Run),
        DamageKind.Inconsistent,
        $"{PosixPath.Display(first.Entry.Path)} has extents, but its facts are missing");

    private static async IAsyncEnumerable<(MapEntry Entry, Id128 Run)> MergeAsync(
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
                var from = 0;
                for (var at = 0; at < cursors.Length; at++)
                {
                    if (live[at] && (least is null || MapEntry.Compare(cursors[at].Current, least) <= 0))
                    {
                        (least, from) = (cursors[at].Current, at);
                    }
                }

                for (var at = 0; at < cursors.Length; at++)
                {
                    if (live[at] && MapEntry.Compare(cursors[at].Current, least!) == 0)
                    {
                        live[at] = await cursors[at].MoveNextAsync();
                    }
                }

                yield return (least!, runs[from]);
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
