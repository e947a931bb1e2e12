using System.Globalization;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The name of a piece of a segment, <c>SEGMENT.FROM.TO.piece</c> (docs/format/wal-archive-v0.md): the bytes of the
/// segment from one offset up to, not including, another.
/// </summary>
/// <param name="Segment">24 digits, as in pg_wal.</param>
public readonly record struct WalPieceName(string Segment, uint From, uint To)
{
    private const string Suffix = ".piece";
    private const int Digits = 8;
    private const int Length = WalSegmentName.Length + 1 + Digits + 1 + Digits + 6;

    /// <summary>The largest segment that PostgreSQL can have, bytes.</summary>
    private const uint MostBytes = 1 << 30;

    /// <summary>Bytes that the piece holds.</summary>
    public int Bytes => (int)(To - From);

    public static bool TryParse(string text, out WalPieceName name)
    {
        name = default;
        if (text.Length != Length || !text.EndsWith(Suffix, StringComparison.Ordinal)
            || !WalSegmentName.HasForm(text.AsSpan(0, WalSegmentName.Length))
            || text[WalSegmentName.Length] != '.' || text[WalSegmentName.Length + 1 + Digits] != '.'
            || !TryParseOffset(text.AsSpan(WalSegmentName.Length + 1, Digits), out var from)
            || !TryParseOffset(text.AsSpan(WalSegmentName.Length + 2 + Digits, Digits), out var to)
            || from >= to || to > MostBytes)
        {
            return false;
        }

        name = new WalPieceName(text[..WalSegmentName.Length], from, to);
        return true;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Segment}.{From:X8}.{To:X8}{Suffix}");

    private static bool TryParseOffset(ReadOnlySpan<char> text, out uint offset)
    {
        offset = 0;
        return Timeline.IsUpperHex(text)
            && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out offset);
    }
}
