using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Tests.Receive;

public sealed class PieceTests
{
    private const string Segment = "000000010000000A000000FE";

    private static WalPiece Piece(uint from, uint to, ulong tag = 1)
    {
        var name = new WalPieceName(Segment, from, to);
        var id = new Id128(0, tag);
        return new WalPiece(name, new WalObject(default, name.ToString(), id, new ObjectName($"{name}-{id}"), 1));
    }

    [Fact]
    public void A_pieces_name_says_its_segment_and_its_offsets_and_nothing_else_is_one()
    {
        var name = new WalPieceName(Segment, 0, 0x12400);
        Assert.Equal($"{Segment}.00000000.00012400.piece", name.ToString());
        Assert.True(WalPieceName.TryParse(name.ToString(), out var parsed));
        Assert.Equal(name, parsed);
        Assert.False(WalFileName.IsValid(name.ToString()));
        Assert.True(WalFileName.IsArchived(name.ToString()));
        string[] wrong =
        [
            Segment, $"{Segment}.00000000.piece", $"{Segment}.00000001.00000001.piece", $"{Segment}.00000002.00000001.piece",
            $"{Segment}.00000000.40000001.piece", $"{Segment}.0000000a.0000000b.piece", $"{Segment}.00000000.00000001.Piece",
            $"{Segment}.00000000.00000001.piece.partial", $"{Segment}x00000000.00000001.piece",
            "00000000000000A000000FE0.00000000.00000001.piece", $"{Segment}.+0000000.00000001.piece",
        ];
        Assert.All(wrong, text => Assert.False(WalPieceName.TryParse(text, out _), text));
    }

    [Fact]
    public void A_chain_leads_exactly_as_far_as_the_pieces_cover_the_segment_from_its_beginning() =>
        Prop.ForAll(
            Gen.Choose(0, 12).Two().Select(pair => (From: (uint)Math.Min(pair.Item1, pair.Item2), To: (uint)Math.Max(pair.Item1, pair.Item2)))
                .Where(pair => pair.From < pair.To).ListOf().ToArbitrary(),
            ranges =>
            {
                var pieces = ranges.Select((range, i) => Piece(range.From, range.To, (ulong)i)).ToList();
                var chain = WalPieceChain.Of(pieces);
                uint end = 0;
                while (ranges.Any(range => range.From <= end && range.To > end))
                {
                    end++;
                }

                uint reached = 0;
                foreach (var piece in chain.Pieces)
                {
                    if (piece.From > reached || piece.To <= reached)
                    {
                        return false;
                    }

                    reached = piece.To;
                }

                return chain.End == end && reached == end
                    && chain.Pieces.Concat(chain.Others).Count() == pieces.Count
                    && chain.Pieces.Concat(chain.Others).Distinct().Count() == pieces.Count;
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void However_many_pieces_a_segment_has_a_chain_of_them_stays_short_and_bytes_are_written_a_few_times()
    {
        var ladder = new PieceLadder();
        var pieces = new List<WalPiece>();
        const int Cuts = 20_000;
        for (var cut = 0; cut < Cuts; cut++)
        {
            var (from, rung) = ladder.Next(cut);
            pieces.Add(Piece((uint)from, (uint)cut + 1));
            ladder.Add(from, rung);
        }

        var chain = WalPieceChain.Of(pieces);
        Assert.Equal((uint)Cuts, chain.End);
        Assert.InRange(chain.Pieces.Count, 1, 60);
        Assert.True(ladder.Count <= 60);
        Assert.InRange(pieces.Sum(piece => (long)piece.Name.Bytes), Cuts, Cuts * 5);
    }
}
