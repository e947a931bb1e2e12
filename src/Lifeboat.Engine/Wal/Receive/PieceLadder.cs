namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Where the next piece of a segment begins, so that a chain stays short (docs/format/wal-archive-v0.md): each sixteenth
/// holds the fifteen before it again, each sixteenth of those the fifteen of its kind. Every byte is written at most once
/// per rung, and a segment of a million pieces is read from about sixty.
/// </summary>
internal sealed class PieceLadder
{
    private const int Width = 16;

    private readonly List<(int From, int Rung)> _pieces = [];

    /// <summary>How many pieces a reader needs for all that was added.</summary>
    internal int Count => _pieces.Count;

    /// <param name="from">The first byte that is not in a piece yet.</param>
    internal (int From, int Rung) Next(int from)
    {
        var rung = 0;
        var end = _pieces.Count;
        while (end >= Width - 1 && _pieces[(end - Width + 1)..end].TrueForAll(piece => piece.Rung == rung))
        {
            end -= Width - 1;
            from = _pieces[end].From;
            rung++;
        }

        return (from, rung);
    }

    /// <summary>The piece is durable; those that it holds again are not needed any more.</summary>
    internal void Add(int from, int rung)
    {
        _pieces.RemoveAll(piece => piece.From >= from);
        _pieces.Add((from, rung));
    }
}
