using System.Text;
using Lifeboat.Engine.Wal.Service;

namespace Lifeboat.Server;

/// <summary>
/// Waits for a service that lives. Its answers only end the waiting: what counts is what
/// <see cref="ServiceEvidence"/> finds afterwards.
/// </summary>
/// <remarks>
/// A connection is one line to the service (<c>push NAME</c>, <c>fetch NAME</c>, <c>health</c>) and lines back:
/// <c>wait</c> as long as it works on it, at least every half second, then <c>done</c> or <c>no</c>; or health's
/// document.
/// </remarks>
public static class ServeClient
{
    private const int SilenceSeconds = 2;
    private const int MostAnswer = 1 << 20;

    /// <summary>Returns when the service is done with it, refuses, falls silent or is not there.</summary>
    public static void WaitForPush(ServicePlaces places, string name) => Ask(places, $"push {name}\n");

    /// <inheritdoc cref="WaitForPush"/>
    public static void WaitForFetch(ServicePlaces places, string name) => Ask(places, $"fetch {name}\n");

    /// <summary>The document of health; null when no service answers.</summary>
    public static string? Health(ServicePlaces places) => Ask(places, "health\n") is { Length: > 0 } text ? text : null;

    private static unsafe string? Ask(ServicePlaces places, string question)
    {
        var fd = SocketC.socket(SocketC.FamilyUnix, SocketC.StreamCloseOnExec, 0);
        if (fd < 0)
        {
            return null;
        }

        try
        {
            var timeout = stackalloc long[2] { SilenceSeconds, 0 }; // struct timeval, 64 bit
            _ = SocketC.setsockopt(fd, SocketC.LevelSocket, SocketC.ReceiveTimeout, timeout, 2 * sizeof(long));
            _ = SocketC.setsockopt(fd, SocketC.LevelSocket, SocketC.SendTimeout, timeout, 2 * sizeof(long));
            return Connect(fd, places.Socket) && Send(fd, Encoding.ASCII.GetBytes(question)) ? Receive(fd) : null;
        }
        finally
        {
            _ = SocketC.close(fd);
        }
    }

    private static unsafe bool Connect(int fd, string path)
    {
        using var name = new SocketPath(path);
        var address = stackalloc byte[2 + SocketC.PathBytes];
        *(ushort*)address = SocketC.FamilyUnix;
        name.Bytes.CopyTo(new Span<byte>(address + 2, SocketC.PathBytes));
        address[2 + name.Bytes.Length] = 0;
        return SocketC.connect(fd, address, (uint)(2 + name.Bytes.Length + 1)) == 0;
    }

    private static unsafe bool Send(int fd, byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            return SocketC.send(fd, start, bytes.Length, SocketC.NoSignal) == bytes.Length;
        }
    }

    /// <summary>All that comes until the service closes, without the lines that only say to wait.</summary>
    private static unsafe string? Receive(int fd)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[4096];
        nint count;
        while ((count = SocketC.recv(fd, buffer, 4096, 0)) > 0 && text.Length < MostAnswer)
        {
            text.Append(Encoding.UTF8.GetString(buffer, (int)count));
            if (text.Length < 4096)
            {
                text.Replace("wait\n", "");
            }
        }

        return count == 0 ? text.ToString() : null;
    }
}
