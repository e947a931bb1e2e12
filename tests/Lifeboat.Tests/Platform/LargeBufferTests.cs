using Lifeboat.Platform.Files;
using Xunit;

namespace Lifeboat.Tests.Platform;

public sealed class LargeBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData((4 << 20) - 1)]
    [InlineData(4 << 20)]
    [InlineData((16 << 20) + 5)]
    public void A_buffer_has_the_length_asked_for_and_holds_what_is_written(int length)
    {
        var buffer = LargeBuffer.Allocate(length);
        Assert.Equal(length, buffer.Length);
        buffer.AsSpan().Fill(7);
        Assert.False(buffer.AsSpan().ContainsAnyExcept((byte)7));
    }

    [Fact]
    public void Two_buffers_in_use_are_never_the_same()
    {
        const int length = (8 << 20) + 1;
        var returned = LargeBuffer.Allocate(length);
        LargeBuffer.Return(returned);
        var first = LargeBuffer.Allocate(length);
        var second = LargeBuffer.Allocate(length);

        Assert.NotSame(first, second);
        LargeBuffer.Return(new byte[100]);
        Assert.Equal(100, LargeBuffer.Allocate(100).Length);
    }
}
