using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Pieces;

/// <summary>
/// Whether a whole segment says what a receiver has stored of it already. A piece's name holds the tag of its content, so
/// that nothing has to be read: with another tag the bytes are others.
/// </summary>
internal static class PieceAgreement
{
    /// <param name="pieces">All that are stored of this segment, superseded ones too: any order.</param>
    /// <exception cref="LifeboatException">Conflict: a piece holds other bytes, or ends behind the segment.</exception>
    internal static void Require(Cluster cluster, WalFile file, IReadOnlyList<WalPiece> pieces)
    {
        foreach (var piece in pieces)
        {
            if (piece.To > file.Content.Length
                || WalStore.TagOf(cluster, file.Content.AsSpan((int)piece.From, (int)piece.Name.Bytes))
                    != piece.Object.Tag)
            {
                throw new LifeboatException(new Failure(
                    ErrorCode.Conflict,
                    "archive WAL",
                    file.Name,
                    $"'lifeboat wal receive' has stored other WAL under this name: bytes {piece.From} to {piece.To} of "
                    + $"this file are not those of {piece.Name}; what is archived was left as it is",
                    Hint: "Two servers' WAL comes into one lineage: a copy streams or archives into its source's place. "
                        + "Find out which history is the right one; a copy gets its own place by "
                        + "'lifeboat adopt --as-new --cluster-dir DIR'."));
            }
        }
    }
}
