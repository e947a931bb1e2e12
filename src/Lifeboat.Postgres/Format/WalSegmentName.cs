using System.Globalization;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// The 24 hexadecimal digits that name a WAL segment: timeline, and the segment's number split by 4 GiB of WAL. The
/// number can be had from the name only with the segment size, so that both are kept.
/// </summary>
public readonly record struct WalSegmentName(Timeline Timeline, ulong Number, WalSegmentSize Size)
{
    public const int Length = 24;

    public Lsn Start => Size.StartOf(Number);

    /// <summary>The first position behind the segment.</summary>
    public Lsn End => Size.StartOf(Number + 1);

    public WalSegmentName Next => this with { Number = Number + 1 };

    public static WalSegmentName Of(Timeline timeline, Lsn lsn, WalSegmentSize size) =>
        new(timeline, size.SegmentOf(lsn), size);

    /// <summary>
    /// The segment that holds the byte before <paramref name="end"/>: where WAL that ends there is. An end at a segment's
    /// edge names the segment before it, not one that may never be filled.
    /// </summary>
    public static WalSegmentName OfEnd(Timeline timeline, Lsn end, WalSegmentSize size) =>
        Of(timeline, new Lsn(end.Value - 1), size);

    /// <summary>Whether the text has the form of a segment's name, whatever the segment size.</summary>
    public static bool HasForm(ReadOnlySpan<char> text) =>
        text.Length == Length && Timeline.IsUpperHex(text) && Timeline.TryParseHex(text[..8], out _);

    public static bool TryParse(ReadOnlySpan<char> text, WalSegmentSize size, out WalSegmentName name)
    {
        name = default;
        if (!HasForm(text) || !Timeline.TryParseHex(text[..8], out var timeline))
        {
            return false;
        }

        var high = uint.Parse(text[8..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var low = uint.Parse(text[16..24], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (low >= size.SegmentsPerXlogId)
        {
            return false;
        }

        name = new WalSegmentName(timeline, (high * size.SegmentsPerXlogId) + low, size);
        return true;
    }

    public override string ToString() =>
        $"{Timeline.Value:X8}{Number / Size.SegmentsPerXlogId:X8}{Number % Size.SegmentsPerXlogId:X8}";
}
