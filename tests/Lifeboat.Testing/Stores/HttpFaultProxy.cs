using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Lifeboat.Testing.Stores;

/// <summary>What happens to one request on its way.</summary>
public enum HttpFault
{
    /// <summary>It goes through.</summary>
    None,

    /// <summary>503 with Retry-After, and the store never sees it.</summary>
    Unavailable,

    /// <summary>429, and the store never sees it.</summary>
    TooMany,

    /// <summary>500, and the store never sees it.</summary>
    InternalError,

    /// <summary>The connection ends; the store never sees it.</summary>
    ResetBefore,

    /// <summary>The store does it, and the connection ends before its answer.</summary>
    ResetAfter,

    /// <summary>The store does it; only the first byte of its answer arrives.</summary>
    CutAtOne,

    /// <summary>The store does it; all but the last byte of its answer arrives.</summary>
    CutAtLast,

    /// <summary>Nothing ever comes back.</summary>
    Hang,

    /// <summary>404 with a page for people, as of an ingress whose store is down.</summary>
    NotFoundPage,

    /// <summary>200 with a page for people, as of a login page or of another server.</summary>
    SuccessPage,

    /// <summary>200 without any body; the store never sees it.</summary>
    EmptySuccess,

    /// <summary>200 with an error of S3 as its body, which is how a store tells that it failed behind its first word.</summary>
    ErrorInSuccess,

    /// <summary>The error that <see cref="HttpFaultProxy.Error"/> has; the store never sees it.</summary>
    Error,
}

/// <summary>
/// Stands on loopback between a client and a store that speak HTTP, and does to each request what it is told of its
/// number, from 1, and its first line.
/// </summary>
public sealed class HttpFaultProxy : IAsyncDisposable
{
    private const int MostHead = 64 << 10;

    private readonly Uri _store;
    private readonly Func<int, string, HttpFault> _choose;
    private readonly X509Certificate2? _certificate;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;
    private int _requests;

    /// <param name="certificate">With its key: it speaks TLS to the client.</param>
    public HttpFaultProxy(Uri store, Func<int, string, HttpFault> choose, X509Certificate2? certificate = null)
    {
        _store = store;
        _choose = choose;
        _certificate = certificate;
        _listener.Start();
        var scheme = certificate is null ? "http" : "https";
        Endpoint = new Uri($"{scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
    }

    /// <summary>What <see cref="HttpFault.Error"/> answers: <c>403 Forbidden</c> and <c>AccessDenied</c>.</summary>
    public (string Status, string Code) Error { get; init; }

    /// <summary>What it says that its errors are.</summary>
    public string ErrorType { get; init; } = "application/xml";

    public Uri Endpoint { get; }

    /// <summary>Requests that have come.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public HttpFaultProxy Start()
    {
        _accepting = Task.Run(AcceptAsync);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        try
        {
            using (caller)
            {
                await using var stream = await StreamAsync(caller);
                while (await RequestAsync(stream) is { } request && await AnswerAsync(caller, stream, request))
                {
                }
            }
        }
        catch (Exception ended) when (
            ended is OperationCanceledException or IOException or SocketException or AuthenticationException)
        {
            // The caller has gone, or the test is over.
        }
    }

    private async Task<Stream> StreamAsync(TcpClient caller)
    {
        if (_certificate is null)
        {
            return caller.GetStream();
        }

        var stream = new SslStream(caller.GetStream());
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return stream;
    }

    /// <returns>Whether another request may come on this connection.</returns>
    private async Task<bool> AnswerAsync(TcpClient connection, Stream caller, byte[] request)
    {
        var line = Encoding.ASCII.GetString(request, 0, Array.IndexOf(request, (byte)'\r'));
        var fault = _choose(Interlocked.Increment(ref _requests), line);
        switch (fault)
        {
            case HttpFault.Unavailable:
                return await SayAsync(caller, line, "503 Slow Down", "SlowDown", "Retry-After: 1\r\n");
            case HttpFault.TooMany:
                return await SayAsync(caller, line, "429 Too Many Requests", "TooManyRequests", "Retry-After: 1\r\n");
            case HttpFault.InternalError:
                return await SayAsync(caller, line, "500 Internal Server Error", "InternalError", "");
            case HttpFault.NotFoundPage:
                return await AnswerAsync(caller, line, "404 Not Found", "text/html", "<html>default backend - 404</html>", "");
            case HttpFault.SuccessPage:
                return await AnswerAsync(caller, line, "200 OK", "text/html", "<html><body>Welcome!</body></html>", "");
            case HttpFault.EmptySuccess:
                return await AnswerAsync(caller, line, "200 OK", "application/xml", "", "");
            case HttpFault.ErrorInSuccess:
                return await SayAsync(caller, line, "200 OK", "InternalError", "");
            case HttpFault.Error:
                return await SayAsync(caller, line, Error.Status, Error.Code, "");
            case HttpFault.ResetBefore:
                return Reset(connection);
            case HttpFault.Hang:
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
        }

        var answer = await ForwardAsync(request);
        switch (fault)
        {
            case HttpFault.ResetAfter:
                return Reset(connection);
            case HttpFault.CutAtOne:
                await caller.WriteAsync(answer.AsMemory(0, 1), _stop.Token);
                return Reset(connection);
            case HttpFault.CutAtLast:
                await caller.WriteAsync(answer.AsMemory(0, answer.Length - 1), _stop.Token);
                return Reset(connection);
            default:
                await caller.WriteAsync(answer, _stop.Token);
                return false;
        }
    }

    private static bool Reset(TcpClient connection)
    {
        connection.LingerState = new LingerOption(enable: true, seconds: 0);
        return false;
    }

    private Task<bool> SayAsync(Stream caller, string line, string status, string code, string headers) => AnswerAsync(
        caller,
        line,
        status,
        ErrorType,
        $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>",
        headers);

    private async Task<bool> AnswerAsync(
        Stream caller, string line, string status, string type, string body, string headers)
    {
        var shown = line.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : body;
        await caller.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\n{headers}Content-Length: {body.Length}\r\n"
                + $"Connection: close\r\n\r\n{shown}"),
            _stop.Token);
        return false;
    }

    /// <summary>The store's whole answer, which ends with the connection.</summary>
    private async Task<byte[]> ForwardAsync(byte[] request)
    {
        using var there = new TcpClient();
        await there.ConnectAsync(_store.Host, _store.Port, _stop.Token);
        var stream = there.GetStream();
        var head = request.AsSpan().IndexOf("\r\n"u8) + 2;
        await stream.WriteAsync(request.AsMemory(0, head), _stop.Token);
        await stream.WriteAsync("Connection: close\r\n"u8.ToArray(), _stop.Token);
        await stream.WriteAsync(request.AsMemory(head), _stop.Token);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, _stop.Token);
        return answer.ToArray();
    }

    /// <summary>Head and body of the next request, without its Connection header; null when none comes.</summary>
    private async Task<byte[]?> RequestAsync(Stream caller)
    {
        var buffer = new byte[MostHead];
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var read = await caller.ReadAsync(buffer.AsMemory(filled), _stop.Token);
            if (read == 0)
            {
                return null;
            }

            filled += read;
        }

        var lines = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
        var length = lines.Select(line => line.Split(':', 2))
            .Where(parts => parts.Length == 2 && parts[0].Equals("content-length", StringComparison.OrdinalIgnoreCase))
            .Select(parts => int.Parse(parts[1], CultureInfo.InvariantCulture))
            .FirstOrDefault();
        if (lines.Any(line => line.Equals("Expect: 100-continue", StringComparison.OrdinalIgnoreCase)))
        {
            await caller.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
        }

        var kept = lines.Where(line => !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)
            && !line.StartsWith("Expect:", StringComparison.OrdinalIgnoreCase));
        var head = Encoding.ASCII.GetBytes(string.Join("\r\n", kept) + "\r\n\r\n");
        var request = new byte[head.Length + length];
        head.CopyTo(request, 0);
        var body = Math.Min(length, filled - end - 4);
        buffer.AsSpan(end + 4, body).CopyTo(request.AsSpan(head.Length));
        await caller.ReadExactlyAsync(request.AsMemory(head.Length + body), _stop.Token);
        return request;
    }
}
