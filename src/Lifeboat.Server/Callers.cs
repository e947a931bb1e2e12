using System.Net.Sockets;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Server;

/// <summary>
/// Takes the connections of a bound socket, a bounded number at a time, until it is disposed. Owns the socket and its
/// connections; disposal ends them.
/// </summary>
/// <param name="most">Connections at a time, and those that wait.</param>
/// <param name="serve">Serves one; its token is cancelled at disposal. The connection is closed behind it.</param>
internal sealed class Callers(Socket listener, int most, Func<Socket, CancellationToken, Task> serve) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(most);
    private Task _accepting = Task.CompletedTask;

    /// <summary>
    /// Receives until the mark has come. Gives the bytes before it; null when the caller ends before, or the mark is not
    /// within <paramref name="mostBytes"/>.
    /// </summary>
    internal static async Task<byte[]?> ReadUntilAsync(
        Socket caller, ReadOnlyMemory<byte> mark, int mostBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[mostBytes];
        for (var filled = 0; filled < buffer.Length;)
        {
            var count = await caller.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, cancellationToken);
            if (count == 0)
            {
                return null;
            }

            filled += count;
            var end = buffer.AsSpan(0, filled).IndexOf(mark.Span);
            if (end >= 0)
            {
                return buffer[..end];
            }
        }

        return null;
    }

    internal static async Task SendAsync(
        Socket caller, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        while (rest.Length > 0)
        {
            rest = rest[await caller.SendAsync(rest, SocketFlags.None, cancellationToken)..];
        }
    }

    /// <exception cref="SocketException">It cannot be listened there.</exception>
    internal void Start()
    {
        listener.Listen(most);
        _accepting = Task.Run(AcceptAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        listener.Dispose();
        await _accepting;
        for (var count = 0; count < most; count++)
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
                _ = ServeAsync(await listener.AcceptAsync(_stop.Token));
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
                await Task.Delay(Pause);
            }
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        try
        {
            using (caller)
            {
                await serve(caller, _stop.Token);
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or IOException
            or LifeboatException)
        {
            // Who asked has gone, or hears of the failure by its own work, or asks again.
        }
        finally
        {
            _free.Release();
        }
    }
}
