using Lifeboat.Cli.Options;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Targets;
using Lifeboat.Platform.Errors;
using Xunit;
using TargetSettings = Lifeboat.Cli.Targets.TargetSettings;

namespace Lifeboat.Tests.Cli;

public sealed class TargetTests
{
    private static readonly TimeZoneInfo s_plusOne =
        TimeZoneInfo.CreateCustomTimeZone("Test/PlusOne", TimeSpan.FromHours(1), null, null);

    [Theory]
    [InlineData("2026-11-20 14:03:22.123+01", "2026-11-20T13:03:22.1230000Z")]
    [InlineData("2026-11-20 14:03:22+00", "2026-11-20T14:03:22.0000000Z")]
    [InlineData("2026-11-20T14:03:22Z", "2026-11-20T14:03:22.0000000Z")]
    [InlineData("2026-11-20t14:03:22z", "2026-11-20T14:03:22.0000000Z")]
    [InlineData("2026-11-20T14:03:22.123456-0330", "2026-11-20T17:33:22.1234560Z")]
    [InlineData("2026-11-20 14:03:22 +05:30", "2026-11-20T08:33:22.0000000Z")]
    [InlineData("2026-11-20 14:03:22 UTC", "2026-11-20T14:03:22.0000000Z")]
    [InlineData("2026-11-20 14:03+01", "2026-11-20T13:03:00.0000000Z")]
    [InlineData("2026-01-01 00:30:00+02", "2025-12-31T22:30:00.0000000Z")]
    public void A_time_with_an_offset_is_one_point(string text, string expected)
    {
        var (time, _, _) = TargetTime.Parse(text, s_plusOne);
        Assert.Equal(expected, time!.Value.UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData("2026-11-20 14:03:22")]
    [InlineData("2026-11-20T14:03:22.5")]
    public void A_time_without_an_offset_is_refused_with_what_was_probably_meant(string text)
    {
        var (time, cause, hint) = TargetTime.Parse(text, s_plusOne);
        Assert.Null(time);
        Assert.Contains("no offset", cause, StringComparison.Ordinal);
        Assert.Contains("+01'", hint, StringComparison.Ordinal);
        Assert.Contains("+00'", hint, StringComparison.Ordinal);
        foreach (var suggestion in hint.Split('\'').Where((_, at) => at % 2 == 1 && hint.Length > 0).Take(1))
        {
            Assert.NotNull(TargetTime.Parse(suggestion, s_plusOne).Time);
        }
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2026-11-20")]
    [InlineData("2026-13-20 14:03:22Z")]
    [InlineData("2026-02-30 14:03:22Z")]
    [InlineData("2026-11-20 25:03:22Z")]
    [InlineData("2026-11-20 14:03:22.1234567Z")]
    [InlineData("2026-11-20 14:03:22+19")]
    [InlineData("2026-11-20 14:03:22+01:75")]
    [InlineData("0001-01-01 00:00:00+01")]
    public void What_is_no_point_in_time_is_refused(string text)
    {
        var (time, cause, hint) = TargetTime.Parse(text, s_plusOne);
        Assert.Null(time);
        Assert.NotEmpty(cause);
        Assert.NotEmpty(hint);
    }

    [Theory]
    [InlineData("target-lsn", "16/B374D848", "target-xid", "1234")]
    [InlineData("target-time", "2026-11-20 14:03:22Z", "target-immediate", "true")]
    [InlineData("target-name", "here", "target-lsn", "0/1")]
    public void Two_targets_are_a_usage_error(string first, string firstValue, string second, string secondValue)
    {
        var failure = Assert.Throws<LifeboatException>(
            () => Read((first, firstValue), (second, secondValue))).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Contains($"--{first}", failure.Subject, StringComparison.Ordinal);
        Assert.Contains($"--{second}", failure.Subject, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("target-lsn", "16-B374D848")]
    [InlineData("target-xid", "2")]
    [InlineData("target-xid", "12a")]
    [InlineData("target-timeline", "0")]
    [InlineData("target-timeline", "0000000A")]
    [InlineData("target-timeline", "010")]
    [InlineData("target-action", "stop")]
    [InlineData("target-time", "2026-11-20 14:03:22")]
    public void A_value_that_makes_no_sense_is_a_usage_error(string name, string value)
    {
        var failure = Assert.Throws<LifeboatException>(() => Read((name, value))).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Equal($"--{name}", failure.Subject);
        Assert.NotEmpty(failure.Hint);
    }

    [Fact]
    public void Without_a_target_all_is_recovered_and_promoted()
    {
        var target = Read();
        Assert.Equal(RecoveryTargetKind.Latest, target.Kind);
        Assert.Equal(RecoveryTargetAction.Promote, target.Action);
        Assert.Null(target.Timeline);
    }

    [Fact]
    public void A_transaction_id_of_64_bits_counts_by_its_lower_half()
    {
        Assert.Equal(1234u, Read(("target-xid", ((7UL << 32) + 1234).ToString())).Xid);
    }

    [Fact]
    public void A_timeline_is_decimal_or_marked_as_hexadecimal()
    {
        Assert.Equal(10u, Read(("target-timeline", "10")).Timeline!.Value.Value);
        Assert.Equal(10u, Read(("target-timeline", "0x0000000A")).Timeline!.Value.Value);
        Assert.Null(Read(("target-timeline", "latest")).Timeline);
    }

    [Theory]
    [InlineData("target-name", "here")]
    [InlineData("target-immediate", "true")]
    public void Exclusive_is_refused_where_there_is_nothing_to_stop_before(string name, string value)
    {
        Assert.Equal(
            ErrorCode.Usage,
            Assert.Throws<LifeboatException>(() => Read((name, value), ("target-exclusive", "true"))).Code);
        Assert.Equal(
            ErrorCode.Usage, Assert.Throws<LifeboatException>(() => Read(("target-exclusive", "true"))).Code);
    }

    [Theory]
    [InlineData("16400=/new", "16400", "/new")]
    [InlineData("/old=/new", "/old", "/new")]
    [InlineData(@"/old\=1=/new\=2", "/old=1", "/new=2")]
    public void A_tablespace_map_gives_the_new_place_of_an_old_one(string text, string old, string place)
    {
        var map = TablespaceMapping.Read(Given(("tablespace-map", text)));
        Assert.Equal(place, map[old]);
    }

    [Theory]
    [InlineData("16400")]
    [InlineData("16400=new")]
    [InlineData("=/new")]
    [InlineData("/a=/b=/c")]
    public void A_tablespace_map_that_is_none_is_refused(string text)
    {
        Assert.Equal(
            ErrorCode.Usage,
            Assert.Throws<LifeboatException>(() => TablespaceMapping.Read(Given(("tablespace-map", text)))).Code);
    }

    private static RecoveryTarget Read(params (string Name, string Value)[] given) =>
        TargetSettings.Read(Given(given), s_plusOne);

    private static Settings Given(params (string Name, string Value)[] given) => new(
        given.ToDictionary(item => item.Name, item => (IReadOnlyList<string>)[item.Value]), _ => null, null, "restore");
}
