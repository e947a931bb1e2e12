using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Lifeboat.Platform.Files;

namespace Lifeboat.Server;

/// <summary>
/// The service's unix socket: mode 0600 in a folder of mode 0700, and each caller's user is asked of the kernel. Owns its
/// connections; disposal ends them.
/// </summary>
internal sealed class ServeSocket : IAsyncDisposable
{
    private const int MostConnections = 64;
    private const int MostLine = 256;
    private const uint Root = 0;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IFileSystem _files;
    private readonly string _path;
    private readonly Func<string, Func<string, Task>, CancellationToken, Task> _answer;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Callers _callers;

    /// <param name="answer">Answers one line; writes what goes back.</param>
    internal ServeSocket(
        IFileSystem files, string path, Func<string, Func<string, Task>, CancellationToken, Task> answer)
    {
        _files = files;
        _path = path;
        _answer = answer;
        _callers = new Callers(_listener, MostConnections, ServeAsync);
    }

    /// <summary>Begins to listen; what a killed service left under the name is removed first.</summary>
    internal void Start()
    {
        if (_files.Stat(_path) is not null)
        {
            _files.Delete(_path);
        }

        using (var name = new SocketPath(_path))
        {
            _listener.Bind(new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(name.Bytes)));
        }

        _files.SetMode(_path, 0x180);
        _callers.Start();
    }

    public ValueTask DisposeAsync() => _callers.DisposeAsync();

    private async Task ServeAsync(Socket caller, CancellationToken stop)
    {
        if (IsTrusted(caller) && await ReadLineAsync(caller, stop) is { } line)
        {
            await _answer(line, text => SendAsync(caller, text, stop), stop);
        }
    }

    /// <summary>The service's own user and root.</summary>
    private static bool IsTrusted(Socket caller)
    {
        var credentials = new byte[12]; // struct ucred: pid, uid, gid
        var length = caller.GetRawSocketOption(SocketC.LevelSocket, SocketC.PeerCredentials, credentials);
        var user = MemoryMarshal.Read<uint>(credentials.AsSpan(4));
        return length == credentials.Length && (user == Root || user == PosixFileSystem.EffectiveUser);
    }

    private static async Task<string?> ReadLineAsync(Socket caller, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        return await Callers.ReadUntilAsync(caller, "\n"u8.ToArray(), MostLine, patience.Token) is { } line
            ? Encoding.ASCII.GetString(line)
            : null;
    }

    private static async Task SendAsync(Socket caller, string text, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        await Callers.SendAsync(caller, Encoding.UTF8.GetBytes(text), patience.Token);
    }
}
