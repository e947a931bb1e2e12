using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Pieces;

/// <summary>The segments of a lineage of which only pieces are stored, by names alone.</summary>
internal static class PartialSegments
{
    /// <summary>One object for each such segment; see <see cref="ArchivedSegment"/>.</summary>
    /// <param name="files">All WAL files of one lineage.</param>
    internal static IEnumerable<WalObject> Of(IReadOnlyCollection<WalObject> files)
    {
        var whole = files.Where(item => WalFileName.IsSegment(item.File)).Select(item => item.File)
            .ToHashSet(StringComparer.Ordinal);
        return
            from item in files
            let piece = WalPiece.Of(item)
            where piece is not null && !whole.Contains(piece.Name.Segment)
            group piece by piece.Name.Segment into segment
            let partial = ArchivedSegment.OfPieces([.. segment])
            where partial is not null
            select partial;
    }

    /// <summary>Those of them that end before their segment does, and where: nothing behind them is reached.</summary>
    internal static IEnumerable<(WalSegmentName Segment, Lsn End)> Unfinished(IEnumerable<WalObject> files, WalSegmentSize size)
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
