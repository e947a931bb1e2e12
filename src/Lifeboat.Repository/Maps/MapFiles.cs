using System.Runtime.CompilerServices;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// Reads several runs side by side, file by file, each file's word of the later runs laid over that of the earlier ones.
/// Memory: the blocks of each run that are read now, and the extents of one file.
/// </summary>
internal sealed class MapFiles(Cluster cluster) : IDisposable
{
    private readonly ExtentComposer _composer = new(cluster);

    public void Dispose() => _composer.Dispose();

    /// <param name="runs">Oldest first.</param>
    /// <param name="from">The first path that is wanted, or a beginning of it; empty for all.</param>
    internal async IAsyncEnumerable<MapFile> ReadAsync(
        IReadOnlyList<Id128> runs, byte[] from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursors = runs
            .Select(run => MapRunReader.ReadAsync(cluster, run, from, cancellationToken)
                .GetAsyncEnumerator(cancellationToken))
            .ToArray();
        try
        {
            var live = new bool[cursors.Length];
            for (var at = 0; at < cursors.Length; at++)
            {
                live[at] = await cursors[at].MoveNextAsync();
            }

            while (Least(cursors, live) is { } path)
            {
                MapFile? file = null;
                for (var at = 0; at < cursors.Length; at++)
                {
                    if (!live[at] || !IsOf(cursors[at].Current, path))
                    {
                        continue;
                    }

                    var layer = new MapFile(path);
                    while (live[at] && IsOf(cursors[at].Current, path))
                    {
                        layer.Add(cursors[at].Current, runs[at]);
                        live[at] = await cursors[at].MoveNextAsync();
                    }

                    file?.Lay(layer, Compose);
                    file ??= layer;
                }

                yield return file!;
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

    /// <summary>Lays a patch over an entry.</summary>
    /// <exception cref="DamagedObjectException">It does not fit.</exception>
    internal MapEntry Compose(MapEntry older, (MapEntry Entry, Id128 Run) newer) =>
        newer.Entry with
        {
            Extent = _composer.Compose(older.Extent!, newer.Entry.Extent!)
                ?? throw new DamagedObjectException(
                    ObjectNames.MapRun(cluster.Name, newer.Run),
                    DamageKind.Inconsistent,
                    $"{PosixPath.Display(newer.Entry.Path)}: its patch of extent {newer.Entry.Number} does not fit what "
                    + "earlier runs hold"),
        };

    private static bool IsOf(MapEntry entry, byte[] path) => entry.PathBytes.AsSpan().SequenceEqual(path);

    private static byte[]? Least(IAsyncEnumerator<MapEntry>[] cursors, bool[] live)
    {
        byte[]? least = null;
        for (var at = 0; at < cursors.Length; at++)
        {
            if (live[at] && (least is null || cursors[at].Current.PathBytes.AsSpan().SequenceCompareTo(least) < 0))
            {
                least = cursors[at].Current.PathBytes;
            }
        }

        return least;
    }
}
