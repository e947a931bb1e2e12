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
internal sealed class HttpHealthServer : IHealthServer
{
    private const int MostConnections = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LoopbackAddress _address;
    private readonly Func<HealthDocument> _health;
    private readonly Socket _listener;
    private readonly Callers _callers;

    internal HttpHealthServer(LoopbackAddress address, Func<HealthDocument> health)
    {
        _address = address;
        _health = health;
        _listener = new Socket(address.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _callers = new Callers(_listener, MostConnections, ServeAsync);
    }

    public void Start()
    {
        try
        {
            _listener.Bind(new IPEndPoint(_address.Address, _address.Port));
            _callers.Start();
        }
        catch (SocketException failure)
        {
            throw new LifeboatException(
                new Failure(
                    ErrorCode.Usage,
                    "serve health by HTTP",
                    _address.ToString(),
                    failure.Message,
                    Hint: "Another program listens there. Give another port with --http."),
                failure);
        }
    }

    public ValueTask DisposeAsync() => _callers.DisposeAsync();

    private async Task ServeAsync(Socket caller, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var request = await HttpRequestHead.ReadAsync(caller, patience.Token);
        await SendAsync(caller, Choose(request), request?.Method != "HEAD", patience.Token);
        caller.Shutdown(SocketShutdown.Send);
    }

    private (string Status, byte[] Body) Choose(HttpRequestHead? request)
    {
        if (request is null)
        {
            return ("400 Bad Request", []);
        }

        if (!_address.IsHost(request.Header("Host")) || request.Header("Origin") is not null)
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

        var document = _health();
        return (document.Status == HealthDocument.Ok ? "200 OK" : "503 Service Unavailable", document.ToBytes());
    }

    private static async Task SendAsync(
        Socket caller, (string Status, byte[] Body) answer, bool withBody, CancellationToken cancellationToken)
    {
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {answer.Status}\r\nContent-Type: application/json\r\nContent-Length: {answer.Body.Length}\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
        byte[] bytes = withBody ? [.. head, .. answer.Body] : head;
        await Callers.SendAsync(caller, bytes, cancellationToken);
    }
}
