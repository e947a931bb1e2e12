using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// Finds a file for a server: in its own lineage, then in the lineages that it comes from.
/// </summary>
/// <remarks>
/// <para>A restored copy shares its source's history only up to the timeline that the restore followed, so that of later
/// timelines a source has nothing for it but history files, and these only until the copy has a timeline of its own:
/// while it recovers, PostgreSQL looks for the first timeline id without a history file, and must find one that its source
/// has not used. Afterwards the source's later timelines must not be seen, since a standby of the copy that follows the
/// latest timeline would take one of them for its own and stop.</para>
/// <para>Among lineages the nearest that holds the name wins. Several contents within one lineage are a conflict, for
/// the caller to refuse.</para>
/// </remarks>
internal static class WalAncestry
{
    /// <summary>The bound on a chain of restores from restores, against records that form a circle.</summary>
    private const int MostGenerations = 1000;

    /// <summary>All objects of the file in the nearest lineage that has any; empty when none has.</summary>
    /// <param name="origin">Where the server's own lineage came from; null when it came from none.</param>
    internal static ValueTask<IReadOnlyList<WalObject>> FindAsync(
        Cluster cluster, Id128 own, LineageOrigin? origin, string file, CancellationToken cancellationToken) =>
        FindAsync(
            cluster,
            own,
            origin,
            file,
            lineage => WalStore.FindAsync(cluster, lineage, file, cancellationToken),
            cancellationToken);

    /// <summary>The segment as its pieces give it, in the nearest lineage that has any; null when none has.</summary>
    internal static async ValueTask<WalObject?> FindPartialAsync(
        Cluster cluster, Id128 own, LineageOrigin? origin, string segment, CancellationToken cancellationToken)
    {
        var found = await FindAsync(
            cluster,
            own,
            origin,
            segment,
            async lineage => ArchivedSegment.OfPieces(
                await WalPieces.FindAsync(cluster, lineage, segment, cancellationToken)) is { } partial ? [partial] : [],
            cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    private static async ValueTask<IReadOnlyList<WalObject>> FindAsync(
        Cluster cluster,
        Id128 own,
        LineageOrigin? origin,
        string file,
        Func<Id128, ValueTask<IReadOnlyList<WalObject>>> find,
        CancellationToken cancellationToken)
    {
        var found = await find(own);
        var hasTimeline = Timeline.TryParseHex(file.AsSpan(0, 8), out var timeline);
        var (child, shared) = (own, new Timeline(uint.MaxValue));
        for (var generation = 0;
            found.Count == 0 && origin is not null && hasTimeline && generation < MostGenerations;
            generation++)
        {
            shared = origin.Timeline < shared ? origin.Timeline : shared;
            if (timeline > shared && (!WalFileName.IsHistory(file)
                || await HasLaterTimelineAsync(cluster, child, shared, cancellationToken)))
            {
                return [];
            }

            found = await find(origin.Lineage);
            child = origin.Lineage;
            origin = (await LineageCatalog.TryReadAsync(cluster, child, cancellationToken))?.Parent;
        }

        return found;
    }

    /// <summary>Whether a lineage has archived anything of a timeline behind the one that it shares with its source.</summary>
    private static async ValueTask<bool> HasLaterTimelineAsync(
        Cluster cluster, Id128 lineage, Timeline shared, CancellationToken cancellationToken)
    {
        await foreach (var item in WalStore.ListAsync(cluster, lineage, cancellationToken))
        {
            if (Timeline.TryParseHex(item.File.AsSpan(0, 8), out var timeline) && timeline > shared)
            {
                return true;
            }
        }

        return false;
    }
}
