using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Pieces;

/// <summary>
/// Delivers a segment of which only pieces are stored: PostgreSQL takes nothing but full-sized files, and reads zeros as the
/// end of the WAL. A standby that asks for the same segment again later gets what has come since.
/// </summary>
internal static class PartialFetch
{
    /// <returns>Null when no piece begins the segment, or when the name is not a segment's.</returns>
    /// <exception cref="Platform.Errors.LifeboatException">Conflict, Damaged; errors of store and files.</exception>
    internal static async ValueTask<WalFetchOutcome?> TryAsync(
        WalFetchRequest request, ServerLineage server, CancellationToken cancellationToken)
    {
        var cluster = request.Cluster;
        if (!WalFileName.IsSegment(request.Name)
            || await WalAncestry.FindPartialAsync(
                cluster, server.Lineage, server.Marker?.Parent, request.Name, cancellationToken) is not { } partial
            || await LineageCatalog.TryReadAsync(cluster, partial.Lineage, cancellationToken) is not { } record)
        {
            return null;
        }

        var (content, _) = await ArchivedSegment.ReadAsync(
            cluster, partial, new WalSegmentSize(record.SegmentSize), cancellationToken);
        WholeFile.Replace(request.Files, request.Destination, content);
        return new WalFetchOutcome(WalFetchResult.Delivered, partial);
    }
}
