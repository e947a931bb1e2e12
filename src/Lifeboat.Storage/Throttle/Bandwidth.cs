namespace Lifeboat.Storage.Throttle;

/// <summary>A line of a fixed width that all transfers of a process share: each waits until those before it are through.</summary>
public sealed class Bandwidth
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _begun;
    private TimeSpan _free;

    /// <param name="bytesPerSecond">Above 0.</param>
    public Bandwidth(long bytesPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        BytesPerSecond = bytesPerSecond;
        _time = time;
        _begun = time.GetTimestamp();
    }

    public long BytesPerSecond { get; }

    /// <summary>Waits until the line is free, and takes it for as long as these bytes need.</summary>
    /// <remarks>What was not used is not saved up: behind a pause the rate is the same.</remarks>
    public async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = _time.GetElapsedTime(_begun);
            var from = _free > now ? _free : now;
            _free = from + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);
            wait = from - now;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _time, cancellationToken);
        }
    }
}
