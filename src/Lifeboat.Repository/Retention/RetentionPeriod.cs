using System.Globalization;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// The period of a rule in which a moment lies, by the clock and calendar of a time zone. An hour is one of the
/// clock: the one
/// that is repeated when the clock is set back is two, told apart by their offsets from UTC. A day, a month and a
/// year are
/// the calendar's, and begin at 00:00 of the clock (a day may have 23 or 25 hours). A week is ISO 8601's: it begins
/// on Monday,
/// and belongs to the year of its Thursday. The current period counts though it is not over.
/// </summary>
internal static class RetentionPeriod
{
    /// <summary>A name that all moments of the period share, and no others.</summary>
    internal static string Of(KeepKind kind, DateTimeOffset moment, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(moment, zone);
        return kind switch
        {
            KeepKind.Hourly => local.ToString("yyyy-MM-dd HH':00'zzz", CultureInfo.InvariantCulture),
            KeepKind.Daily => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            KeepKind.Weekly => string.Create(
                CultureInfo.InvariantCulture,
                $"{ISOWeek.GetYear(local.DateTime):0000}-W{ISOWeek.GetWeekOfYear(local.DateTime):00}"),
            KeepKind.Monthly => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            KeepKind.Yearly => local.ToString("yyyy", CultureInfo.InvariantCulture),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "it has no periods"),
        };
    }

    internal static string Noun(KeepKind kind) => kind switch
    {
        KeepKind.Hourly => "hour",
        KeepKind.Daily => "day",
        KeepKind.Weekly => "week",
        KeepKind.Monthly => "month",
        KeepKind.Yearly => "year",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "it has no periods"),
    };
}
