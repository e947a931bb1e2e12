using System.Globalization;

namespace Lifeboat.Postgres.Format;

/// <summary>A timeline id, 1 or more. In file names it has eight hexadecimal digits, elsewhere it is decimal.</summary>
public readonly record struct Timeline(uint Value) : IComparable<Timeline>
{
    public static readonly Timeline First = new(1);

    /// <summary>From the eight hexadecimal digits of a file name; false for anything else, and for zero.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out Timeline timeline)
    {
        timeline = default;
        if (text.Length != 8 || !IsUpperHex(text)
            || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, null, out var value) || value == 0)
        {
            return false;
        }

        timeline = new Timeline(value);
        return true;
    }

    public int CompareTo(Timeline other) => Value.CompareTo(other.Value);

    /// <summary>Eight hexadecimal digits, as in <c>0000000A.history</c>.</summary>
    public string ToHex() => Value.ToString("X8", CultureInfo.InvariantCulture);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(Timeline a, Timeline b) => a.Value < b.Value;

    public static bool operator >(Timeline a, Timeline b) => a.Value > b.Value;

    public static bool operator <=(Timeline a, Timeline b) => a.Value <= b.Value;

    public static bool operator >=(Timeline a, Timeline b) => a.Value >= b.Value;

    /// <summary>Whether all are digits as PostgreSQL writes them in file names: 0 to 9, A to F.</summary>
    public static bool IsUpperHex(ReadOnlySpan<char> text)
    {
        foreach (var digit in text)
        {
            if (!char.IsAsciiHexDigitUpper(digit))
            {
                return false;
            }
        }

        return true;
    }
}
