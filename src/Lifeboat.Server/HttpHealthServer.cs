using System.Net;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Server;

/// <summary>
/// <c>GET /health</c> on loopback: 200 when all is well, 503 otherwise, the same document with both.
/// </summary>
internal sealed class HttpHealthServer(LoopbackAddress address, Func<HealthDocument> health) : IHealthServer
{
    private readonly HttpListener _listener = new();
    private Task _serving = Task.CompletedTask;

    public void Start()
    {
        _listener.Prefixes.Add($"http://{address}/");
        _listener.IgnoreWriteExceptions = true;
        try
        {
            _listener.Start();
        }
        catch (HttpListenerException failure)
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

        _serving = Task.Run(ServeAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            try
            {
                Answer(context);
            }
            catch (Exception failure) when (failure is HttpListenerException or IOException or ObjectDisposedException
                or LifeboatException)
            {
                // Who asked has gone, or the data directory is going: the next one asks again.
                context.Response.Abort();
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (status, body) = Choose(context.Request);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = body is null ? "text/plain" : "application/json";
        response.Headers["Cache-Control"] = "no-store";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        body ??= [];
        response.ContentLength64 = body.Length;
        if (context.Request.HttpMethod != "HEAD")
        {
            response.OutputStream.Write(body);
        }

        response.Close();
    }

    private (int Status, byte[]? Body) Choose(HttpListenerRequest request)
    {
        if (!address.IsHost(request.Headers["Host"]) || request.Headers["Origin"] is not null)
        {
            return (403, null);
        }

        if (request.Url?.AbsolutePath != "/health")
        {
            return (404, null);
        }

        if (request.HttpMethod is not ("GET" or "HEAD"))
        {
            return (405, null);
        }

        var document = health();
        return (document.Status == HealthDocument.Ok ? 200 : 503, document.ToBytes());
    }
}
