using System.Net;
using System.Net.Sockets;
using System.Text;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Server;

/// <summary>
/// <c>GET /health</c> on loopback: 200 when all is well, 503 otherwise, the same document with both. One request for each
/// connection. Owns its connections; disposal ends them.
/// </summary>
/// <remarks>
/// Not HttpListener: behind a request that it refuses by its Host header it took requests without some of their headers, so
/// that one with an Origin was answered, and at times none was any more.
/// </remarks>
internal sealed class HttpHealthServer(LoopbackAddress address, Func<HealthDocument> health) : IHealthServer
{
    private const int MostConnections = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Socket _listener = new(address.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(MostConnections);
    private Task _accepting = Task.CompletedTask;

    public void Start()
    {
        try
        {
            _listener.Bind(new IPEndPoint(address.Address, address.Port));
            _listener.Listen(MostConnections);
        }
        catch (SocketException failure)
        {
            throw new LifeboatException(
                new Failure(
                    ErrorCode.Usage,
                    "serve health by HTTP",
                    address.ToString(),
                    failure.Message,
                    Hint: "Another program listens there. Give another port with --http."),
                failure);
        }

        _accepting = Task.Run(AcceptAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        for (var count = 0; count < MostConnections; count++)
        {
            await _free.WaitAsync();
        }

        _stop.Dispose();
        _free.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                await _free.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                _free.Release();
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the caller has gone: the next one is waited for.
                _free.Release();
                await Task.Delay(100);
            }
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(Patience);
        try
        {
            using (caller)
            {
                var request = await HttpRequestHead.ReadAsync(caller, patience.Token);
                await SendAsync(caller, Choose(request), request?.Method != "HEAD", patience.Token);
                caller.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or IOException
            or LifeboatException)
        {
            // Who asked has gone, or the data directory is going: the next one asks again.
        }
        finally
        {
            _free.Release();
        }
    }

    private (string Status, byte[] Body) Choose(HttpRequestHead? request)
    {
        if (request is null)
        {
            return ("400 Bad Request", []);
        }

        if (!address.IsHost(request.Header("Host")) || request.Header("Origin") is not null)
        {
            return ("403 Forbidden", []);
        }

        if (request.Path != "/health")
        {
            return ("404 Not Found", []);
        }

        if (request.Method is not ("GET" or "HEAD"))
        {
            return ("405 Method Not Allowed", []);
        }

        var document = health();
        return (document.Status == HealthDocument.Ok ? "200 OK" : "503 Service Unavailable", document.ToBytes());
    }

    private static async Task SendAsync(
        Socket caller, (string Status, byte[] Body) answer, bool withBody, CancellationToken cancellationToken)
    {
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {answer.Status}\r\nContent-Type: application/json\r\nContent-Length: {answer.Body.Length}\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
        byte[] bytes = withBody ? [.. head, .. answer.Body] : head;
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await caller.SendAsync(bytes.AsMemory(sent), SocketFlags.None, cancellationToken);
        }
    }
}
