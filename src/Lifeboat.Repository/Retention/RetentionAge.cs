using System.Globalization;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// An age as rules take it: <c>90s</c>, <c>30min</c>, <c>12h</c>, <c>7d</c>, <c>4w</c>. A day has 24 hours, whatever
/// a time
/// zone says; <c>m</c> is refused, since it could be minutes or months.
/// </summary>
public static class RetentionAge
{
    /// <summary>What one looks like, for messages.</summary>
    public const string Form = "write it as 90s, 30min, 12h, 7d or 4w";

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(36_525);

    private static readonly (string Unit, TimeSpan Length)[] s_units =
    [
        ("min", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
        ("w", TimeSpan.FromDays(7)),
    ];

    public static bool TryParse(string text, out TimeSpan age)
    {
        age = TimeSpan.Zero;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var length = s_units.FirstOrDefault(unit => unit.Unit == text[digits..]).Length;
        if (length == TimeSpan.Zero || digits == 0
            || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > s_longest / length)
        {
            return false;
        }

        age = length * number;
        return true;
    }

    /// <summary>In the largest unit in which it is a whole number.</summary>
    public static string Text(TimeSpan age)
    {
        var (unit, length) = s_units.OrderByDescending(unit => unit.Length)
            .Where(unit => unit.Unit != "w" && age.Ticks % unit.Length.Ticks == 0)
            .DefaultIfEmpty(("s", TimeSpan.FromSeconds(1)))
            .First();
        return string.Create(CultureInfo.InvariantCulture, $"{age.Ticks / length.Ticks}{unit}");
    }
}
