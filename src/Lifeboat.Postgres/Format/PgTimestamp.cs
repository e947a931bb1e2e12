using System.Globalization;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// PostgreSQL's <c>timestamptz</c>: microseconds since 2000-01-01 00:00 UTC (datatype/timestamp.h). Any 64-bit value
/// can
/// stand in a record, also one that no calendar has; comparing works for all of them, converting only for some.
/// </summary>
public readonly record struct PgTimestamp(long Microseconds) : IComparable<PgTimestamp>
{
    /// <summary>PostgreSQL's <c>infinity</c>.</summary>
    public static readonly PgTimestamp Infinity = new(long.MaxValue);

    /// <summary>PostgreSQL's <c>-infinity</c>.</summary>
    public static readonly PgTimestamp MinusInfinity = new(long.MinValue);

    private const long TicksPerMicrosecond = TimeSpan.TicksPerMillisecond / 1000;

    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The time rounded down to a whole microsecond, as PostgreSQL cannot hold less.</summary>
    public static PgTimestamp From(DateTimeOffset time) =>
        new((long)Math.Floor((decimal)(time.UtcTicks - Epoch.UtcTicks) / TicksPerMicrosecond));

    /// <summary>
    /// From a <c>pg_time_t</c>: seconds since 1970. Beyond what 64 bits of microseconds hold it is an infinity.
    /// </summary>
    public static PgTimestamp FromUnixSeconds(long seconds)
    {
        var microseconds = ((Int128)seconds * 1_000_000) - ((Int128)Epoch.ToUnixTimeSeconds() * 1_000_000);
        return microseconds > long.MaxValue ? Infinity
            : microseconds < long.MinValue ? MinusInfinity
            : new PgTimestamp((long)microseconds);
    }

    /// <summary>False when the value lies outside the years 1 to 9999.</summary>
    public bool TryToDateTimeOffset(out DateTimeOffset time)
    {
        time = default;
        var ticks = ((Int128)Microseconds * TicksPerMicrosecond) + Epoch.Ticks;
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks)
        {
            return false;
        }

        time = new DateTimeOffset((long)ticks, TimeSpan.Zero);
        return true;
    }

    /// <exception cref="OverflowException">The value lies outside the years 1 to 9999.</exception>
    public DateTimeOffset ToDateTimeOffset() =>
        TryToDateTimeOffset(out var time)
            ? time
            : throw new OverflowException(
                $"{Microseconds} microseconds since 2000-01-01 are outside the years 1 to 9999");

    public int CompareTo(PgTimestamp other) => Microseconds.CompareTo(other.Microseconds);

    /// <summary>
    /// A text that PostgreSQL reads back as the same time, whatever its time zone: <c>2026-03-01
    /// 12:30:00.123456+00</c>;
    /// for a value that no calendar here holds, its number of microseconds.
    /// </summary>
    public override string ToString()
    {
        if (this == Infinity)
        {
            return "infinity";
        }

        if (this == MinusInfinity)
        {
            return "-infinity";
        }

        return TryToDateTimeOffset(out var time)
            ? time.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"2000-01-01 00:00:00+00 and {Microseconds} microseconds");
    }

    public static bool operator <(PgTimestamp a, PgTimestamp b) => a.Microseconds < b.Microseconds;

    public static bool operator >(PgTimestamp a, PgTimestamp b) => a.Microseconds > b.Microseconds;

    public static bool operator <=(PgTimestamp a, PgTimestamp b) => a.Microseconds <= b.Microseconds;

    public static bool operator >=(PgTimestamp a, PgTimestamp b) => a.Microseconds >= b.Microseconds;
}
