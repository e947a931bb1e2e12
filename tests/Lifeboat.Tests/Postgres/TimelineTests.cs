using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class TimelineTests
{
    [Theory]
    [InlineData("00000001", 1U)]
    [InlineData("0000000A", 10U)]
    [InlineData("00000010", 16U)]
    [InlineData("FFFFFFFF", uint.MaxValue)]
    public void In_a_file_name_a_timeline_is_hexadecimal(string text, uint value)
    {
        Assert.True(Timeline.TryParseHex(text, out var timeline));
        Assert.Equal(new Timeline(value), timeline);
        Assert.Equal(text, timeline.ToHex());
    }

    [Theory]
    [InlineData("00000000")]
    [InlineData("0000000a")]
    [InlineData("0000001")]
    [InlineData("000000001")]
    [InlineData("0000000G")]
    [InlineData("+0000001")]
    [InlineData("")]
    public void Zero_small_letters_and_other_lengths_are_no_timeline(string text) =>
        Assert.False(Timeline.TryParseHex(text, out _));

    [Fact]
    public void Elsewhere_a_timeline_is_decimal() => Assert.Equal("16", new Timeline(16).ToString());
}
