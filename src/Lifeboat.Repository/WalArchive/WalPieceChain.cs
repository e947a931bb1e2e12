namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// How far the pieces of one segment lead from its beginning without a gap, and which of them have to be read for it.
/// Pure: names alone are looked at.
/// </summary>
/// <param name="Pieces">In their order; each begins at or before the end of the one before it. May be empty.</param>
/// <param name="Others">Pieces that nothing would be missed without, those that end last in front.</param>
public sealed record WalPieceChain(IReadOnlyList<WalPiece> Pieces, IReadOnlyList<WalPiece> Others)
{
    /// <summary>The first offset of the segment that is not known; 0 when there is no chain.</summary>
    public uint End => Pieces.Count == 0 ? 0 : Pieces[^1].To;

    /// <param name="pieces">Of one segment of one lineage, any order.</param>
    public static WalPieceChain Of(IEnumerable<WalPiece> pieces)
    {
        var sorted = pieces.OrderBy(piece => piece.From).ThenByDescending(piece => piece.To)
            .ThenBy(piece => piece.Object.Tag).ToList();
        var chain = new List<WalPiece>();
        var others = new List<WalPiece>();
        uint end = 0;
        WalPiece? best = null;
        foreach (var piece in sorted)
        {
            if (best is not null && piece.From > end)
            {
                chain.Add(best);
                end = best.To;
                best = null;
            }

            if (piece.From > end || piece.To <= (best?.To ?? end))
            {
                others.Add(piece);
                continue;
            }

            if (best is not null)
            {
                others.Add(best);
            }

            best = piece;
        }

        if (best is not null)
        {
            chain.Add(best);
        }

        return new WalPieceChain(chain, [.. others.OrderByDescending(piece => piece.To)]);
    }
}
