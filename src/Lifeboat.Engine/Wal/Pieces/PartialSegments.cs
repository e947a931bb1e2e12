using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Pieces;

/// <summary>
/// The segments of a lineage of which only pieces are stored, by names alone: pieces of whole ones are not even listed.
/// </summary>
internal static class PartialSegments
{
    /// <summary>One object for each such segment; see <see cref="ArchivedSegment"/>.</summary>
    /// <param name="files">All WAL files of the lineage.</param>
    internal static async ValueTask<List<WalObject>> ListAsync(
        Cluster cluster, Id128 lineage, IEnumerable<WalObject> files, CancellationToken cancellationToken)
    {
        var whole = files.Where(item => WalFileName.IsSegment(item.File)).Select(item => item.File)
            .ToHashSet(StringComparer.Ordinal);
        var partial = new List<WalObject>();
        await foreach (var segment in WalPieces.ListSegmentsAsync(cluster, lineage, cancellationToken))
        {
            if (!whole.Contains(segment) && ArchivedSegment.OfPieces(
                await WalPieces.FindAsync(cluster, lineage, segment, cancellationToken)) is { } found)
            {
                partial.Add(found);
            }
        }

        return partial;
    }

    /// <summary>Those of them that end before their segment does, and where: nothing behind them is reached.</summary>
    internal static IEnumerable<(WalSegmentName Segment, Lsn End)> Unfinished(
        IEnumerable<WalObject> files, WalSegmentSize size)
    {
        foreach (var item in files)
        {
            if (ArchivedSegment.IsOfPieces(item) && ArchivedSegment.KnownBytes(item, size) is var known
                && known < size.Bytes && WalSegmentName.TryParse(item.File, size, out var segment))
            {
                yield return (segment, segment.Start + known);
            }
        }
    }
}
