namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Wakes a loop that otherwise looks for itself now and then. Several calls before it wakes are one.
/// </summary>
public sealed class Wakening : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    public void Wake()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been told already.
        }
        catch (ObjectDisposedException)
        {
            // Nobody sleeps here any more.
        }
    }

    /// <summary>Returns when woken or when the time has passed. Cancelled: returns as well.</summary>
    internal async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        try
        {
            await _signal.WaitAsync(longest, cancellationToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    public void Dispose() => _signal.Dispose();
}
