using System.Net.Sockets;
using System.Text;

namespace Lifeboat.Server;

/// <summary>The request line and the headers of an HTTP/1.1 request; a body is not read.</summary>
internal sealed class HttpRequestHead
{
    private const int MostBytes = 8192;

    private readonly string[] _headers;

    private HttpRequestHead(string method, string path, string[] headers)
    {
        Method = method;
        Path = path;
        _headers = headers;
    }

    internal string Method { get; }

    /// <summary>Without a query.</summary>
    internal string Path { get; }

    /// <summary>Null when it is not there; what is not one value is none that anybody expects.</summary>
    internal string? Header(string name)
    {
        var values = _headers
            .Where(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim())
            .ToList();
        return values.Count == 0 ? null : string.Join(", ", values);
    }

    /// <summary>Null for what is no such request, or longer than 8 KiB.</summary>
    internal static async Task<HttpRequestHead?> ReadAsync(Socket caller, CancellationToken cancellationToken) =>
        await Callers.ReadUntilAsync(caller, "\r\n\r\n"u8.ToArray(), MostBytes, cancellationToken) is { } head
            ? Parse(Encoding.Latin1.GetString(head))
            : null;

    /// <param name="text">Up to the empty line, without it.</param>
    internal static HttpRequestHead? Parse(string text)
    {
        var lines = text.Split("\r\n");
        return lines[0].Split(' ') is [{ Length: > 0 } method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"]
            && lines.Skip(1).All(line => line.IndexOf(':') > 0 && !char.IsWhiteSpace(line[0]))
                ? new HttpRequestHead(method, target.Split('?')[0], lines[1..])
                : null;
    }
}
