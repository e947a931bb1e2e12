using Lifeboat.Server;
using Xunit;

namespace Lifeboat.Tests.Service;

public sealed class HttpRequestHeadTests
{
    [Fact]
    public void A_request_is_taken_apart()
    {
        var request = HttpRequestHead.Parse("GET /health?x=1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\nX:  a \r\nx: b");

        Assert.NotNull(request);
        Assert.Equal("GET", request.Method);
        Assert.Equal("/health", request.Path);
        Assert.Equal("127.0.0.1:80", request.Header("host"));
        Assert.Equal("a, b", request.Header("X"));
        Assert.Null(request.Header("Origin"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /health")]
    [InlineData("GET  /health HTTP/1.1")]
    [InlineData("GET /health HTTP/2")]
    [InlineData("GET http://127.0.0.1/health HTTP/1.1")]
    [InlineData("GET /health HTTP/1.1\r\nno colon")]
    [InlineData("GET /health HTTP/1.1\r\n folded: x")]
    [InlineData("GET /health HTTP/1.1\r\n: nameless")]
    [InlineData("GET /health HTTP/1.1\nHost: 127.0.0.1:80")]
    public void What_is_no_request_is_none(string text) => Assert.Null(HttpRequestHead.Parse(text));
}
