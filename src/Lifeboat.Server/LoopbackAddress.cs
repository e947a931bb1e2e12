using System.Globalization;
using System.Net;

namespace Lifeboat.Server;

/// <summary>An address of this machine alone, with a port: <c>127.0.0.1:9187</c>, <c>[::1]:9187</c>.</summary>
public sealed record LoopbackAddress(IPAddress Address, int Port)
{
    /// <summary>What a request's Host header must be, against pages that point a name of theirs at this machine.</summary>
    public bool IsHost(string? host) =>
        host is not null && (host == ToString() || host == $"localhost:{PortText}");

    /// <summary>Null when the text is no address with a port, or one that other machines reach.</summary>
    public static LoopbackAddress? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
        {
            return null;
        }

        var address = text[..colon];
        return address == "127.0.0.1" ? new LoopbackAddress(IPAddress.Loopback, port)
            : address == "[::1]" ? new LoopbackAddress(IPAddress.IPv6Loopback, port)
            : null;
    }

    public override string ToString() =>
        Address.Equals(IPAddress.Loopback) ? $"127.0.0.1:{PortText}" : $"[::1]:{PortText}";

    private string PortText => Port.ToString(CultureInfo.InvariantCulture);
}
