using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Server;

/// <summary>
/// The service's unix socket: mode 0600 in a folder of mode 0700, and each caller's user is asked of the kernel. Owns its
/// connections; disposal ends them.
/// </summary>
/// <param name="answer">Answers one line; writes what goes back.</param>
internal sealed class ServeSocket(
    IFileSystem files, string path, Func<string, Func<string, Task>, CancellationToken, Task> answer) : IAsyncDisposable
{
    private const int MostConnections = 64;
    private const int MostLine = 256;
    private const uint Root = 0;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(MostConnections);
    private Task _accepting = Task.CompletedTask;

    /// <summary>Begins to listen; what a killed service left under the name is removed first.</summary>
    internal void Start()
    {
        if (files.Stat(path) is not null)
        {
            files.Delete(path);
        }

        using (var name = new SocketPath(path))
        {
            _listener.Bind(new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(name.Bytes)));
        }

        files.SetMode(path, 0x180);
        _listener.Listen(MostConnections);
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
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _free.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Socket? caller = null;
            try
            {
                caller = await _listener.AcceptAsync(_stop.Token);
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
                continue;
            }

            _ = ServeAsync(caller);
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        try
        {
            using (caller)
            {
                if (!IsTrusted(caller) || await ReadLineAsync(caller) is not { } line)
                {
                    return;
                }

                await answer(line, text => SendAsync(caller, text), _stop.Token);
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or IOException
            or LifeboatException)
        {
            // Who asked has gone, or hears of the failure by its own work.
        }
        finally
        {
            _free.Release();
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

    private async Task<string?> ReadLineAsync(Socket caller)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(Patience);
        var buffer = new byte[MostLine];
        for (var filled = 0; filled < buffer.Length;)
        {
            var count = await caller.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, patience.Token);
            if (count == 0)
            {
                return null;
            }

            filled += count;
            var end = Array.IndexOf(buffer, (byte)'\n', 0, filled);
            if (end >= 0)
            {
                return Encoding.ASCII.GetString(buffer, 0, end);
            }
        }

        return null;
    }

    private async Task SendAsync(Socket caller, string text)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(Patience);
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(text);
        while (rest.Length > 0)
        {
            rest = rest[await caller.SendAsync(rest, SocketFlags.None, patience.Token)..];
        }
    }
}
