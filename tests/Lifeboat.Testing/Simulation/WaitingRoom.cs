namespace Lifeboat.Testing.Simulation;

/// <summary>
/// Runs work of which requests wait in virtual time: who waits is let go when nothing else can run, the one that is due first in
/// front. So the time that passed is what the requests would have taken as many at once as the work really asks, and no
/// more; the processor's own time is not in it. Work that goes on on other threads is waited for.
/// </summary>
public sealed class WaitingRoom : QueueScheduler
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, (long Due, long Number)> _waiting = new();
    private long _now;
    private long _number;
    private int _most;

    /// <summary>Virtual time since the beginning.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _now));

    /// <summary>The most that waited at once since the last <see cref="Run"/> began.</summary>
    public int MostAtOnce => _most;

    /// <summary>Waits so long in virtual time.</summary>
    public Task WaitAsync(TimeSpan time)
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Enqueue(waiting, (_now + time.Ticks, _number++));
            _most = Math.Max(_most, _waiting.Count);
        }

        return waiting.Task;
    }

    /// <summary>Runs work to its end on the caller's thread.</summary>
    public T Run<T>(Func<Task<T>> work)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return RunHere(work);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private T RunHere<T>(Func<Task<T>> work)
    {
        _most = 0;
        var task = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();
        while (!task.IsCompleted)
        {
            if (TryTake(out var next))
            {
                TryExecuteTask(next);
            }
            else if (!LetGo())
            {
                task.Wait(TimeSpan.FromMilliseconds(1));
            }
        }

        return task.GetAwaiter().GetResult();
    }

    private bool LetGo()
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out waiting!, out var key))
            {
                return false;
            }

            _now = Math.Max(_now, key.Due);
        }

        waiting.SetResult();
        return true;
    }
}
