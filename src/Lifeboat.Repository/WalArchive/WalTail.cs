using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>The newest WAL of a timeline, found without a listing of all that is archived.</summary>
/// <param name="Whole">
/// The last whole segment: its objects, several when they conflict; empty when there is none.
/// </param>
/// <param name="Pieces">All pieces of the segments behind it.</param>
public sealed record WalTail(IReadOnlyList<WalObject> Whole, IReadOnlyList<WalPiece> Pieces)
{
    /// <summary>
    /// What is returned is durable: a writer that died may have made it visible and no more, and a receiver goes on to
    /// tell
    /// the server that it need not keep it.
    /// </summary>
    public static async ValueTask<WalTail> FindAsync(
        Cluster cluster, Id128 lineage, Timeline timeline, CancellationToken cancellationToken)
    {
        var folder = $"{ObjectNames.Wal(cluster.Name, lineage)}{timeline.ToHex()}/";
        var last = await LastAsync(cluster, folder, cancellationToken);
        IReadOnlyList<WalObject> whole = [];
        if (last is not null)
        {
            await cluster.Store.SettleAsync($"{folder}{last[8..16]}/", cancellationToken);
            whole = await WalStore.FindAsync(cluster, lineage, last, cancellationToken);
        }

        var pieces = new List<WalPiece>();
        foreach (var segment in await BehindAsync(cluster, lineage, timeline, last, cancellationToken))
        {
            await cluster.Store.SettleAsync(
                ObjectNames.PiecesOf(cluster.Name, lineage, segment), cancellationToken);
            pieces.AddRange(await WalPieces.FindAsync(cluster, lineage, segment, cancellationToken));
        }

        return new WalTail(whole, pieces);
    }

    /// <summary>The name of the last whole segment; null when there is none.</summary>
    private static async ValueTask<string?> LastAsync(
        Cluster cluster, string folder, CancellationToken cancellationToken)
    {
        foreach (var log in await FoldersAsync(cluster, folder, cancellationToken))
        {
            var last = (await cluster.Store.ListChildrenAsync(folder + log, cancellationToken))
                .Where(child => child.Length > WalSegmentName.Length && child[WalSegmentName.Length] == '-')
                .Select(child => child[..WalSegmentName.Length])
                .Where(WalFileName.IsSegment)
                .Max(StringComparer.Ordinal);
            if (last is not null)
            {
                return last;
            }
        }

        return null;
    }

    /// <summary>The segments with pieces that come behind the last whole one.</summary>
    private static async ValueTask<List<string>> BehindAsync(
        Cluster cluster, Id128 lineage, Timeline timeline, string? last, CancellationToken cancellationToken)
    {
        var folder = $"{ObjectNames.Pieces(cluster.Name, lineage)}{timeline.ToHex()}/";
        var segments = new List<string>();
        foreach (var log in await FoldersAsync(cluster, folder, cancellationToken))
        {
            if (last is not null && string.CompareOrdinal(log[..^1], last[8..16]) < 0)
            {
                break;
            }

            segments.AddRange((await FoldersAsync(cluster, folder + log, cancellationToken))
                .Select(segment => segment[..^1])
                .Where(segment => WalFileName.IsSegment(segment) && string.CompareOrdinal(segment, last) > 0));
        }

        return segments;
    }

    /// <summary>The last one in front.</summary>
    private static async ValueTask<IEnumerable<string>> FoldersAsync(
        Cluster cluster, string folder, CancellationToken cancellationToken) =>
        (await cluster.Store.ListChildrenAsync(folder, cancellationToken))
        .Where(child => child.EndsWith('/')).OrderDescending(StringComparer.Ordinal);
}
