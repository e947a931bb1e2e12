using System.Runtime.CompilerServices;
using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// The contents of archived segments in the order of a path. Several are fetched and unpacked at once, so that whoever
/// reads the records waits for neither; how many is bounded by their size, and memory does not follow the path's
/// length.
/// </summary>
internal static class SegmentContents
{
    /// <summary>Bytes of segments that wait to be read, beside the one that is read.</summary>
    private const int MostBytesAhead = 64 << 20;

    private const int MostAhead = 3;

    /// <returns>
    /// A content belongs to the caller until he asks for the next one: its array then takes another segment.
    /// </returns>
    /// <param name="first">Segment number; all up to <paramref name="last"/> are archived.</param>
    /// <exception cref="LifeboatException">Damaged, or an error of the store, when that segment's turn has come.</exception>
    internal static async IAsyncEnumerable<(WalSegmentName Name, byte[] Content)> ReadAsync(
        Cluster cluster,
        LineageArchive archive,
        WalPath path,
        ulong first,
        ulong last,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = Math.Clamp(MostBytesAhead / archive.Size.Bytes, 1, MostAhead);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = new Queue<(WalSegmentName Name, Task<byte[]> Content)>();
        var memory = new MemoryBound();
        try
        {
            for (var next = first; next <= last || reading.Count > 0;)
            {
                for (; next <= last && reading.Count < ahead; next++)
                {
                    var name = path.NameOf(next);
                    reading.Enqueue((name, Task.Run(() => ReadAsync(cluster, archive, name, stop.Token), stop.Token)));
                }

                var (segment, reader) = reading.Dequeue();
                var content = await reader;
                yield return (segment, content);
                LargeBuffer.Return(content);
                memory.Keep();
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var (_, content) in reading)
            {
                await content.ContinueWith(
                    static ended => _ = ended.Exception,
                    CancellationToken.None,
                    TaskContinuationOptions.None,
                    TaskScheduler.Default);
            }
        }
    }

    private static async Task<byte[]> ReadAsync(
        Cluster cluster, LineageArchive archive, WalSegmentName name, CancellationToken cancellationToken)
    {
        var item = archive.Find(name) ?? throw archive.NotArchived(name.ToString());
        return (await ArchivedSegment.ReadAsync(cluster, item, archive.Size, cancellationToken)).Content;
    }
}
