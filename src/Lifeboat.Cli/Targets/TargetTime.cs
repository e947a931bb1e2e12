using System.Globalization;
using System.Text.RegularExpressions;

namespace Lifeboat.Cli.Targets;

/// <summary>
/// The text of a point in time: PostgreSQL's <c>2026-11-20 14:03:22.123+01</c>, ISO 8601 with <c>T</c>, and <c>Z</c>. A
/// time without an offset is never taken for one of some zone.
/// </summary>
internal static partial class TargetTime
{
    /// <summary>PostgreSQL's timestamps count microseconds.</summary>
    private const int MostFractionDigits = 6;

    /// <summary>The time; or why it is none, with what to write instead.</summary>
    /// <param name="local">The zone that the person probably meant, for the advice alone.</param>
    public static (DateTimeOffset? Time, string Cause, string Hint) Parse(string text, TimeZoneInfo local)
    {
        const string form = "Write it as '2026-11-20 14:03:22+01' or '2026-11-20T13:03:22Z'.";
        var match = Form().Match(text.Trim());
        if (!match.Success)
        {
            return (null, "it is no point in time", form);
        }

        var fraction = match.Groups["fraction"].Value;
        if (fraction.Length > MostFractionDigits)
        {
            return (null, "it is finer than a microsecond",
                "PostgreSQL counts whole microseconds: give six digits at most.");
        }

        if (!TryDate(match, fraction, out var clock))
        {
            return (null, "there is no such date or time of day", form);
        }

        if (!match.Groups["zone"].Success)
        {
            return (null, "it has no offset from UTC, so that it can mean several points in time",
                Advice(clock, local));
        }

        if (!TryOffset(match, out var offset))
        {
            return (null, "its offset from UTC is not possible", form);
        }

        var ticks = clock.Ticks - offset.Ticks;
        return ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks
            ? (null, "it lies outside the years 1 to 9999", form)
            : (new DateTimeOffset(ticks, TimeSpan.Zero), "", "");
    }

    private static bool TryDate(Match match, string fraction, out DateTime clock)
    {
        var seconds = match.Groups["second"].Success ? match.Groups["second"].Value : "00";
        var text =
            $"{match.Groups["date"].Value} {match.Groups["minute"].Value}:{seconds}.{fraction.PadRight(MostFractionDigits, '0')}";
        return DateTime.TryParseExact(
            text, "yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture, DateTimeStyles.None, out clock);
    }

    private static bool TryOffset(Match match, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (!match.Groups["sign"].Success)
        {
            return true;
        }

        var hours = int.Parse(match.Groups["hours"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        var minutes = match.Groups["minutes"].Success
            ? int.Parse(match.Groups["minutes"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)
            : 0;
        offset = new TimeSpan(hours, minutes, 0) * (match.Groups["sign"].ValueSpan is "-" ? -1 : 1);
        return hours <= 15 && minutes < 60;
    }

    private static string Advice(DateTime clock, TimeZoneInfo local)
    {
        var here = local.GetUtcOffset(clock);
        var text = clock.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);
        var inUtc = $"'{text}+00' if UTC was meant";
        return here == TimeSpan.Zero
            ? $"Write {inUtc}."
            : $"Write '{text}{Offset(here)}' if this machine's time zone ({local.Id}) was meant, {inUtc}.";
    }

    private static string Offset(TimeSpan offset)
    {
        var text = offset.ToString(offset.Minutes == 0 ? "hh" : @"hh\:mm", CultureInfo.InvariantCulture);
        return (offset < TimeSpan.Zero ? "-" : "+") + text;
    }

    [GeneratedRegex(
        @"^(?<date>\d{4}-\d{2}-\d{2})[T ]+(?<minute>\d{2}:\d{2})(:(?<second>\d{2})([.,](?<fraction>\d{1,9}))?)?"
        + @"\s*(?<zone>Z|UTC|GMT|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?)?$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
