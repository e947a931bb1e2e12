using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;
    private int _requests;

    public HttpFaultProxy(Uri store, Func<int, string, HttpFault> choose)
    {
        _store = store;
        _choose = choose;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
    }

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
                var stream = caller.GetStream();
                while (await RequestAsync(stream) is { } request && await AnswerAsync(stream, request))
                {
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException)
        {
            // The caller has gone, or the test is over.
        }
    }

    /// <returns>Whether another request may come on this connection.</returns>
    private async Task<bool> AnswerAsync(NetworkStream caller, byte[] request)
    {
        var line = Encoding.ASCII.GetString(request, 0, Array.IndexOf(request, (byte)'\r'));
        var fault = _choose(Interlocked.Increment(ref _requests), line);
        switch (fault)
        {
            case HttpFault.Unavailable:
                return await SayAsync(caller, "503 Slow Down", "SlowDown", "Retry-After: 1\r\n");
            case HttpFault.TooMany:
                return await SayAsync(caller, "429 Too Many Requests", "TooManyRequests", "Retry-After: 1\r\n");
            case HttpFault.InternalError:
                return await SayAsync(caller, "500 Internal Server Error", "InternalError", "");
            case HttpFault.ResetBefore:
                return Reset(caller);
            case HttpFault.Hang:
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
        }

        var answer = await ForwardAsync(request);
        switch (fault)
        {
            case HttpFault.ResetAfter:
                return Reset(caller);
            case HttpFault.CutAtOne:
                await caller.WriteAsync(answer.AsMemory(0, 1), _stop.Token);
                return Reset(caller);
            case HttpFault.CutAtLast:
                await caller.WriteAsync(answer.AsMemory(0, answer.Length - 1), _stop.Token);
                return Reset(caller);
            default:
                await caller.WriteAsync(answer, _stop.Token);
                return false;
        }
    }

    private static bool Reset(NetworkStream caller)
    {
        caller.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        return false;
    }

    private async Task<bool> SayAsync(NetworkStream caller, string status, string code, string headers)
    {
        var body = $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>";
        await caller.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n{headers}Content-Length: {body.Length}\r\n"
                + $"Connection: close\r\n\r\n{body}"),
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
    private async Task<byte[]?> RequestAsync(NetworkStream caller)
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
