using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Pieces;

/// <summary>
/// A segment as a recovery gets it: the whole one that is stored, or what pieces of it lead to, at full size with zeros
/// behind. Whoever reads segments reads them here, so that it need not know which of the two it is.
/// </summary>
internal static class ArchivedSegment
{
    /// <summary>The segment's objects as one, when only pieces of it are stored; null when these do not begin it.</summary>
    /// <param name="pieces">Of one segment of one lineage.</param>
    internal static WalObject? OfPieces(IReadOnlyCollection<WalPiece> pieces) =>
        WalPieceChain.Of(pieces) is { Pieces: [.., var last] } chain
            ? last.Object with { File = last.Name.Segment, Size = chain.Pieces.Sum(piece => piece.Object.Size) }
            : null;

    /// <summary>Whether the object stands for pieces.</summary>
    internal static bool IsOfPieces(WalObject item) => LastPieceOf(item) is not null;

    /// <summary>The bytes of the segment that are known: all of them unless it stands for pieces.</summary>
    internal static uint KnownBytes(WalObject item, WalSegmentSize size) =>
        LastPieceOf(item)?.To ?? (uint)size.Bytes;

    /// <summary>The whole content, compared with tags and hashes.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">
    /// Conflict: pieces that contradict each other. Damaged. Errors of the store.
    /// </exception>
    internal static async ValueTask<(byte[] Content, WalFacts Facts)> ReadAsync(
        Cluster cluster, WalObject item, WalSegmentSize size, CancellationToken cancellationToken)
    {
        if (LastPieceOf(item) is null)
        {
            return await WalStore.ReadAsync(cluster, item, cancellationToken);
        }

        var chain = WalPieceChain.Of(
            await WalPieces.FindAsync(cluster, item.Lineage, item.File, cancellationToken));
        var content = new byte[size.Bytes];
        await WalPieces.ReadAsync(cluster, chain, content, cancellationToken);
        var summary = WalSegmentName.TryParse(item.File, size, out var name) ? WalSummary.Of(name, content, out _) : null;
        return (content, new WalFacts(
            item.File,
            content.Length,
            item.Tag,
            Predecessor: null,
            summary));
    }

    /// <summary>The facts alone.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">As <see cref="ReadAsync"/>.</exception>
    internal static async ValueTask<WalFacts> ReadFactsAsync(
        Cluster cluster, WalObject item, WalSegmentSize size, CancellationToken cancellationToken) =>
        LastPieceOf(item) is null
            ? await WalStore.ReadFactsAsync(cluster, item, cancellationToken)
            : (await ReadAsync(cluster, item, size, cancellationToken)).Facts;

    private static WalPieceName? LastPieceOf(WalObject item)
    {
        // The object's name keeps the piece's; what it is called as a file is the segment that it stands for.
        var name = item.Name.LastPart;
        return WalFileName.IsSegment(item.File) && name.LastIndexOf('-') is var end and > 0
            && WalPieceName.TryParse(name[..end], out var piece)
                ? piece
                : null;
    }
}
