using System.Text;
using Lifeboat.Platform.Checksums;
using Xunit;

namespace Lifeboat.Tests.Platform;

public sealed class Crc32CTests
{
    // RFC 3720, appendix B.4, and the check value of the CRC catalogues.
    public static TheoryData<byte[], uint> Vectors() => new()
    {
        { [], 0x00000000 },
        { Encoding.ASCII.GetBytes("123456789"), 0xE3069283 },
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(value => (byte)value)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(value => (byte)(31 - value))], 0x113FDB5C },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Known_values_are_computed(byte[] data, uint expected) => Assert.Equal(expected, Crc32C.Compute(data));

    [Fact]
    public void Every_length_and_alignment_agrees_with_the_definition()
    {
        var data = RandomBytes(80);
        for (var from = 0; from < 9; from++)
        {
            for (var length = 0; from + length <= data.Length; length++)
            {
                var part = data.AsSpan(from, length);
                Assert.Equal(ByDefinition(part), Crc32C.Compute(part));
            }
        }
    }

    [Theory]
    [InlineData(767)]
    [InlineData(768)]
    [InlineData(775)]
    [InlineData(1536)]
    [InlineData(8159)]
    [InlineData(8160)]
    [InlineData(8167)]
    [InlineData(8192)]
    [InlineData(8927)]
    [InlineData(8928)]
    [InlineData(20011)]
    public void Stretches_that_are_summed_side_by_side_agree_with_the_definition(int length)
    {
        var data = RandomBytes(length);

        Assert.Equal(ByDefinition(data), Crc32C.Compute(data));
    }

    [Fact]
    public void A_crc_is_the_same_however_the_data_is_cut()
    {
        var data = RandomBytes(300);
        var whole = Crc32C.Compute(data);
        for (var cut = 0; cut <= data.Length; cut++)
        {
            var first = Crc32C.Compute(data.AsSpan(0, cut));
            var rest = Crc32C.Compute(data.AsSpan(cut));
            Assert.Equal(whole, Crc32C.Append(first, data.AsSpan(cut)));
            Assert.Equal(whole, Crc32C.Combine(first, rest, data.Length - cut));
            Assert.Equal(whole, Crc32CShift.ForLength(data.Length - cut).Apply(first) ^ rest);
        }
    }

    [Fact]
    public void A_file_of_pages_has_the_combined_crc_of_its_pages()
    {
        var file = RandomBytes(64 * 8192);
        var shift = Crc32CShift.ForLength(8192);
        uint combined = 0;
        for (var page = 0; page < 64; page++)
        {
            combined = shift.Apply(combined) ^ Crc32C.Compute(file.AsSpan(page * 8192, 8192));
        }

        Assert.Equal(Crc32C.Compute(file), combined);
    }

    [Fact]
    public void Shifts_of_lengths_that_no_memory_holds_add_up()
    {
        const long length = 1L << 43;
        var half = Crc32CShift.ForLength(length / 2);
        Assert.Equal(half.Apply(half.Apply(0xDEADBEEF)), Crc32CShift.ForLength(length).Apply(0xDEADBEEF));
        Assert.Equal(0xDEADBEEF, Crc32CShift.ForLength(0).Apply(0xDEADBEEF));
        Assert.Throws<ArgumentOutOfRangeException>(() => Crc32CShift.ForLength(-1));
    }

    private static uint ByDefinition(ReadOnlySpan<byte> data)
    {
        var state = 0xFFFFFFFFu;
        foreach (var value in data)
        {
            state ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ 0x82F63B78 : state >> 1;
            }
        }

        return ~state;
    }

    private static byte[] RandomBytes(int length)
    {
        var data = new byte[length];
        new Random(20240917).NextBytes(data);
        return data;
    }
}
