using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Repository.Encoding;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class EncodingTests
{
    [Fact]
    public void A_varint_comes_back_and_takes_no_more_bytes_than_it_needs() =>
        Prop.ForAll<ulong, int>((bits, shift) =>
        {
            var value = bits >> (shift & 63);
            var sink = new ByteSink();
            sink.Varint(value);
            var source = new ByteSource(sink.Span);
            var read = source.Varint();
            source.MustBeAtEnd();
            var needed = Math.Max(1, (70 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 7);
            return read == value && sink.Length == needed;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("8000")]
    [InlineData("FF00")]
    [InlineData("80808080808080808002")]
    [InlineData("FFFFFFFFFFFFFFFFFF02")]
    [InlineData("FFFFFFFFFFFFFFFFFFFF01")]
    [InlineData("80")]
    [InlineData("")]
    public void A_varint_that_is_cut_too_long_or_not_shortest_is_refused(string hex) =>
        Assert.Throws<DecodingException>(() => new ByteSource(Convert.FromHexString(hex)).Varint());

    [Fact]
    public void Every_kind_of_number_comes_back() =>
        Prop.ForAll<byte[], long, uint>((bytes, number, small) =>
        {
            var sink = new ByteSink(1);
            sink.Bytes(bytes);
            sink.Int64(number);
            sink.UInt32(small);
            sink.UInt16((ushort)small);
            sink.UInt64((ulong)number);
            sink.Byte((byte)small);
            var source = new ByteSource(sink.Span);
            var same = source.Bytes(bytes.Length).SequenceEqual(bytes) && source.Int64() == number
                && source.UInt32() == small && source.UInt16() == (ushort)small
                && source.UInt64() == (ulong)number && source.Byte() == (byte)small;
            source.MustBeAtEnd();
            return same;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_count_that_the_rest_cannot_hold_is_refused_before_anything_is_allocated()
    {
        var sink = new ByteSink();
        sink.Varint(ulong.MaxValue);
        sink.Bytes(new byte[10]);
        Assert.Throws<DecodingException>(() => new ByteSource(sink.Span.ToArray()).Count(1, "items"));
        Assert.Throws<DecodingException>(() => new ByteSource(sink.Span.ToArray()).VarintUpTo(int.MaxValue, "a number"));
        Assert.Throws<DecodingException>(() => new ByteSource(sink.Span.ToArray()).VarintLong("a number"));
        Assert.Throws<DecodingException>(() => new ByteSource([5, 1, 2, 3, 4, 5]).Count(2, "items"));
        Assert.Throws<DecodingException>(() => new ByteSource([1, 2]).Bytes(-1));
    }

    [Fact]
    public void An_id_is_32_lower_case_digits_in_the_order_of_its_bytes()
    {
        var bytes = Convert.FromHexString("00112233445566778899aabbccddeeff");
        var id = Id128.Read(bytes);
        Assert.Equal("00112233445566778899aabbccddeeff", id.ToString());
        Assert.Equal(id, Id128.Parse(id.ToString()));
        Assert.False(Id128.TryParse(id.ToString().ToUpperInvariant(), out _));
        Assert.False(Id128.TryParse(id.ToString().AsSpan(1), out _));
        var written = new byte[16];
        id.Write(written);
        Assert.Equal(bytes, written);
        Assert.True(Id128.Parse(new string('0', 32)).CompareTo(id) < 0);
    }

    [Fact]
    public void Any_path_survives_json() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var path = Lifeboat.Platform.Files.PosixPath.Decode([.. bytes.Where(value => value != 0)]);
            var escaped = PathConverter.Escape(path);
            return System.Text.Unicode.Utf8.IsValid(System.Text.Encoding.UTF8.GetBytes(escaped))
                && !escaped.Any(char.IsLowSurrogate)
                ? PathConverter.Unescape(escaped) == path
                : PathConverter.Unescape(escaped) == path && !path.Contains('\uFFFD', StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(@"a\")]
    [InlineData(@"\x")]
    [InlineData(@"\x4")]
    [InlineData(@"\x41")]
    [InlineData(@"\n")]
    public void An_escape_that_nobody_writes_is_refused(string text) =>
        Assert.Throws<System.Text.Json.JsonException>(() => PathConverter.Unescape(text));
}
