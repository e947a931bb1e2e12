using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class WalSegmentTests
{
    public static TheoryData<int> Sizes => [.. Enumerable.Range(20, 11).Select(bits => 1 << bits)];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_power_of_two_from_1_MiB_to_1_GiB_is_a_segment_size(int bytes)
    {
        var size = new WalSegmentSize(bytes);
        Assert.Equal(bytes, size.Bytes);
        Assert.Equal(1UL << 32, size.SegmentsPerXlogId * (ulong)bytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1 << 19)]
    [InlineData((1 << 20) + 1)]
    [InlineData(3 << 20)]
    [InlineData(1L << 31)]
    [InlineData(1L << 32)]
    public void Nothing_else_is_a_segment_size(long bytes) => Assert.False(WalSegmentSize.IsValid(bytes));

    [Fact]
    public void A_size_out_of_range_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WalSegmentSize(1 << 19));

    [Fact]
    public void The_default_value_is_the_default_size() => Assert.Equal(16 << 20, default(WalSegmentSize).Bytes);

    [Theory]
    [InlineData("000000010000000000000001", 16 << 20, "0/1000000")]
    [InlineData("0000000A00000002000000FF", 16 << 20, "2/FF000000")]
    [InlineData("000000010000000100000FFF", 1 << 20, "1/FFF00000")]
    [InlineData("000000010000000200000003", 1 << 30, "2/C0000000")]
    public void A_name_gives_the_segments_first_position(string text, int bytes, string start)
    {
        Assert.True(WalSegmentName.TryParse(text, new WalSegmentSize(bytes), out var name));
        Assert.Equal(Lsn.Parse(start), name.Start);
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData("000000010000000000000100", 16 << 20)]
    [InlineData("000000010000000000000004", 1 << 30)]
    [InlineData("000000010000000000001000", 1 << 20)]
    public void A_name_that_the_segment_size_cannot_make_is_refused(string text, int bytes) =>
        Assert.False(WalSegmentName.TryParse(text, new WalSegmentSize(bytes), out _));

    [Theory]
    [InlineData("")]
    [InlineData("00000001000000000000000")]
    [InlineData("0000000100000000000000010")]
    [InlineData("00000001000000000000000a")]
    [InlineData("000000000000000000000001")]
    [InlineData("000000010000000000000001.partial")]
    [InlineData("00000001.history")]
    public void Only_24_upper_case_digits_with_a_timeline_have_the_form_of_a_name(string text) =>
        Assert.False(WalSegmentName.HasForm(text));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void An_end_at_a_segments_edge_names_the_segment_before_it(int bytes)
    {
        var size = new WalSegmentSize(bytes);
        var edge = size.StartOf(7);
        Assert.Equal(6UL, WalSegmentName.OfEnd(Timeline.First, edge, size).Number);
        Assert.Equal(7UL, WalSegmentName.OfEnd(Timeline.First, edge + 1, size).Number);
        Assert.Equal(7UL, WalSegmentName.Of(Timeline.First, edge, size).Number);
        Assert.Equal(6UL, WalSegmentName.Of(Timeline.First, new Lsn(edge.Value - 1), size).Number);
    }

    [Fact]
    public void Every_position_lies_in_the_segment_that_is_named_for_it() =>
        Prop.ForAll(
            Gen.Choose(20, 30).SelectMany(bits => ArbMap.Default.GeneratorFor<ulong>().Select(lsn => (bits, lsn)))
                .ToArbitrary(),
            pair =>
            {
                var size = new WalSegmentSize(1 << pair.bits);
                var lsn = new Lsn(pair.lsn >> 1);
                var name = WalSegmentName.Of(new Timeline(0x1A), lsn, size);
                return name.Start <= lsn && lsn < name.End && name.End == name.Next.Start
                    && WalSegmentName.TryParse(name.ToString(), size, out var parsed) && parsed == name;
            }).QuickCheckThrowOnFailure();
}
