using System.Globalization;

namespace Lifeboat.Cli.Options;

/// <summary>An amount of bytes as people write it: <c>500</c>, <c>20MB</c>, <c>1.5 GiB</c>.</summary>
internal static class ByteQuantity
{
    private static readonly Dictionary<string, long> s_units = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = 1, ["B"] = 1,
        ["kB"] = 1_000, ["MB"] = 1_000_000, ["GB"] = 1_000_000_000, ["TB"] = 1_000_000_000_000,
        ["KiB"] = 1L << 10, ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["TiB"] = 1L << 40,
    };

    /// <returns>Null when it is none, or less than one byte.</returns>
    internal static long? Parse(string text)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : text.Length;
        if (digits < text.Length && text[digits] == '.')
        {
            digits++;
            digits += text.AsSpan(digits).IndexOfAnyExceptInRange('0', '9') is >= 0 and var behind
                ? behind
                : text.Length - digits;
        }

        return s_units.TryGetValue(text[digits..].Trim(), out var unit)
            && decimal.TryParse(
                text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number < long.MaxValue / unit && (long)(number * unit) is >= 1 and var bytes
            ? bytes
            : null;
    }
}
