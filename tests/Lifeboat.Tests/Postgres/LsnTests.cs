using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class LsnTests
{
    [Theory]
    [InlineData("0/0", 0UL)]
    [InlineData("16/B374D848", 0x16_B374D848UL)]
    [InlineData("FFFFFFFF/FFFFFFFF", ulong.MaxValue)]
    [InlineData("0/00000001", 1UL)]
    public void An_lsn_is_two_hexadecimal_halves(string text, ulong value) =>
        Assert.Equal(new Lsn(value), Lsn.Parse(text));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("0/")]
    [InlineData("/0")]
    [InlineData("0")]
    [InlineData("0/0/0")]
    [InlineData("100000000/0")]
    [InlineData("0/100000000")]
    [InlineData("-1/0")]
    [InlineData("+1/0")]
    [InlineData(" 0/0")]
    [InlineData("0/0 ")]
    [InlineData("0x1/0")]
    [InlineData("G/0")]
    public void Anything_else_is_no_lsn(string? text) => Assert.False(Lsn.TryParse(text, out _));

    [Fact]
    public void Text_and_back_gives_the_same_lsn() =>
        Prop.ForAll<ulong>(value => Lsn.Parse(new Lsn(value).ToString()) == new Lsn(value)).QuickCheckThrowOnFailure();

    [Fact]
    public void Order_is_that_of_positions_not_of_text() =>
        Assert.True(Lsn.Parse("9/0") < Lsn.Parse("10/0") && Lsn.Parse("10/0") >= Lsn.Parse("9/FFFFFFFF"));

    [Fact]
    public void Arithmetic_never_wraps()
    {
        Assert.Throws<OverflowException>(() => Lsn.Max + 1);
        Assert.Throws<OverflowException>(() => Lsn.Zero - new Lsn(1));
        Assert.Equal(0x100000000UL, Lsn.Parse("2/0") - Lsn.Parse("1/0"));
    }
}
