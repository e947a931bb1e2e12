using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>A file of a backup without its extents.</summary>
/// <param name="PathBytes">Relative to the data directory.</param>
/// <param name="Facts">Without a CRC where that is to be put together from tags.</param>
public sealed record BackupFile(byte[] PathBytes, FileFacts Facts);

/// <summary>The files of a backup, without their extents.</summary>
public static class BackupFiles
{
    /// <summary>In order of their paths. Blocks of the map that hold nothing but extents are not read.</summary>
    /// <param name="runs">Base first.</param>
    /// <exception cref="Containers.DamagedObjectException">A run is damaged.</exception>
    public static async IAsyncEnumerable<BackupFile> ReadAsync(
        Cluster cluster, IReadOnlyList<Id128> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursors = runs
            .Select(run => MapRunReader.ReadEndsAsync(cluster, run, cancellationToken).GetAsyncEnumerator(cancellationToken))
            .ToArray();
        try
        {
            var ends = new MapEntry?[cursors.Length];
            for (var at = 0; at < cursors.Length; at++)
            {
                ends[at] = await NextAsync(cursors[at]);
            }

            while (Least(ends) is { } least)
            {
                // The newest run that knows the file says how it ends.
                MapEntry? newest = null;
                for (var at = 0; at < cursors.Length; at++)
                {
                    if (ends[at] is { } end && end.PathBytes.AsSpan().SequenceEqual(least.PathBytes))
                    {
                        newest = end;
                        ends[at] = await NextAsync(cursors[at]);
                    }
                }

                if (newest!.Facts is { } facts)
                {
                    yield return new BackupFile(newest.PathBytes, facts);
                }
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

    private static async ValueTask<MapEntry?> NextAsync(IAsyncEnumerator<MapEntry> cursor) =>
        await cursor.MoveNextAsync() ? cursor.Current : null;

    private static MapEntry? Least(MapEntry?[] ends)
    {
        MapEntry? least = null;
        foreach (var end in ends)
        {
            if (end is not null && (least is null || MapEntry.Compare(end, least) < 0))
            {
                least = end;
            }
        }

        return least;
    }
}
