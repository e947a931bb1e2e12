using Lifeboat.Repository.Retention;
using Xunit;

namespace Lifeboat.Tests.Retention;

public sealed class KeepRuleTests
{
    [Theory]
    [InlineData("last=3")]
    [InlineData("hourly=48")]
    [InlineData("gold:yearly=7")]
    [InlineData("within=30d")]
    [InlineData("within=90s")]
    [InlineData("a.b-c_d:within=36h")]
    public void A_rule_is_written_as_it_is_read(string text) => Assert.Equal(text, KeepRule.Parse(text).Rule?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("last")]
    [InlineData("last=")]
    [InlineData("last=0")]
    [InlineData("last=-1")]
    [InlineData("last=3d")]
    [InlineData("last=99999999999999999999")]
    [InlineData("0=3")]
    [InlineData("Last=3")]
    [InlineData("fortnightly=3")]
    [InlineData("within=30")]
    [InlineData("within=30m")]
    [InlineData("within=0d")]
    [InlineData("within=99999999d")]
    [InlineData(":last=3")]
    [InlineData("b c:last=3")]
    public void What_is_no_rule_is_refused_with_a_reason(string text)
    {
        var (rule, problem) = KeepRule.Parse(text);
        Assert.Null(rule);
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Without_a_rule_and_without_a_window_there_is_no_plan() =>
        Assert.Throws<ArgumentException>(() => RetentionPlanner.Plan(new History(1).Facts(), new RetentionPolicy()));
}
