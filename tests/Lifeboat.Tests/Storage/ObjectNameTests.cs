using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Tests.Storage;

public sealed class ObjectNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("a/b-c_d.e/0")]
    [InlineData("-")]
    [InlineData("a..b")]
    [InlineData("a.")]
    public void A_plain_name_is_taken(string name)
    {
        Assert.True(ObjectName.IsValid(name));
        Assert.Equal(name, new ObjectName(name).Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData(".tmp/x")]
    [InlineData("a/.hidden")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a:b")]
    [InlineData("ä")]
    [InlineData("a%2fb")]
    public void A_name_that_some_store_would_change_or_that_leads_elsewhere_is_refused(string? name)
    {
        Assert.False(ObjectName.IsValid(name));
        Assert.Throws<ArgumentException>(() => new ObjectName(name!));
    }

    [Fact]
    public void A_name_is_as_long_as_every_store_can_take_and_no_longer()
    {
        Assert.True(ObjectName.IsValid(new string('a', ObjectName.MaximumLength)));
        Assert.False(ObjectName.IsValid(new string('a', ObjectName.MaximumLength + 1)));
    }

    [Fact]
    public void Names_are_ordered_ordinally_and_know_their_last_part()
    {
        Assert.True(new ObjectName("a-b").CompareTo(new ObjectName("a/b")) < 0);
        Assert.True(new ObjectName("a/b").CompareTo(new ObjectName("a0")) < 0);
        Assert.True(new ObjectName("B").CompareTo(new ObjectName("a")) < 0);
        Assert.Equal("c", new ObjectName("a/b/c").LastPart);
        Assert.Equal("c", new ObjectName("c").LastPart);
        Assert.Throws<InvalidOperationException>(() => default(ObjectName).Value);
    }
}
