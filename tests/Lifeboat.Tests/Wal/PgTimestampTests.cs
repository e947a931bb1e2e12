using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class PgTimestampTests
{
    [Fact]
    public void Zero_is_the_first_of_January_2000_and_the_text_is_one_that_PostgreSQL_reads()
    {
        Assert.Equal("2000-01-01 00:00:00.000000+00", default(PgTimestamp).ToString());
        Assert.Equal("1999-12-31 23:59:59.999999+00", new PgTimestamp(-1).ToString());
        Assert.Equal("infinity", PgTimestamp.Infinity.ToString());
        Assert.Equal("-infinity", PgTimestamp.MinusInfinity.ToString());
    }

    [Fact]
    public void Times_convert_there_and_back_to_the_microsecond()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var time = new PgTimestamp(new Random(seed).NextInt64(-60_000_000_000_000_000, 200_000_000_000_000_000));

            Assert.Equal(time, PgTimestamp.From(time.ToDateTimeOffset()));
        }
    }

    [Fact]
    public void What_is_finer_than_a_microsecond_is_rounded_down_before_2000_too()
    {
        var epoch = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(0, PgTimestamp.From(epoch.AddTicks(9)).Microseconds);
        Assert.Equal(-1, PgTimestamp.From(epoch.AddTicks(-1)).Microseconds);
        Assert.Equal(1, PgTimestamp.From(epoch.AddTicks(10)).Microseconds);
    }

    [Fact]
    public void A_value_that_no_calendar_has_is_compared_and_printed_but_not_converted()
    {
        var far = new PgTimestamp(long.MaxValue - 1);

        Assert.True(far > default(PgTimestamp) && far < PgTimestamp.Infinity);
        Assert.False(far.TryToDateTimeOffset(out _));
        Assert.Contains("9223372036854775806", far.ToString());
        Assert.Throws<OverflowException>(() => far.ToDateTimeOffset());
    }

    [Fact]
    public void Seconds_of_unix_time_become_the_same_moment_and_impossible_ones_infinities()
    {
        Assert.Equal(0, PgTimestamp.FromUnixSeconds(946_684_800).Microseconds);
        Assert.Equal(PgTimestamp.Infinity, PgTimestamp.FromUnixSeconds(long.MaxValue));
        Assert.Equal(PgTimestamp.MinusInfinity, PgTimestamp.FromUnixSeconds(long.MinValue));
    }

    [Fact]
    public void Transaction_ids_precede_in_a_circle_and_reserved_ones_always()
    {
        Assert.True(new TransactionId(4_294_967_000).Precedes(new TransactionId(100)));
        Assert.False(new TransactionId(100).Precedes(new TransactionId(4_294_967_000)));
        Assert.True(new TransactionId(2).Precedes(new TransactionId(4_294_967_000)));
        Assert.False(new TransactionId(7).Precedes(new TransactionId(7)));
    }
}
