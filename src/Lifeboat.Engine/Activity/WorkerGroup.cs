namespace Lifeboat.Engine.Activity;

/// <summary>
/// Tasks that stand and fall together: the first failure tells the others to stop, and is the one that is reported, not the
/// cancellations that follow from it.
/// </summary>
internal sealed class WorkerGroup(CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _stop =
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    private readonly List<Task> _workers = [];

    /// <summary>Cancelled by the caller's token, and by the first worker that fails.</summary>
    internal CancellationToken Stopping => _stop.Token;

    /// <summary>Runs <paramref name="count"/> workers, at least one, until all have ended.</summary>
    internal static async Task RunAsync(
        int count, Func<int, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var group = new WorkerGroup(cancellationToken);
        for (var worker = 0; worker < Math.Max(1, count); worker++)
        {
            var number = worker;
            group.Start(stopping => work(number, stopping));
        }

        await group.EndAsync();
    }

    internal void Start(Func<CancellationToken, Task> work) =>
        _workers.Add(Task.Run(() => GuardAsync(work), CancellationToken.None));

    /// <summary>Waits for all workers. The first failure is thrown; cancellation only when nothing else happened.</summary>
    internal async Task EndAsync()
    {
        try
        {
            await Task.WhenAll(_workers);
        }
        catch (OperationCanceledException) when (_workers.Exists(worker => worker.IsFaulted))
        {
            await _workers.First(worker => worker.IsFaulted);
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task GuardAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_stop.Token);
        }
        catch
        {
            await _stop.CancelAsync();
            throw;
        }
    }
}
