namespace Lifeboat.Testing.Simulation;

/// <summary>
/// Runs processes that share a store, one request at a time, in an order that a seed chooses. A process may sleep or be
/// suspended for as long as it likes: no real time passes. All run on the caller's thread.
/// </summary>
public sealed class SimulatedProcesses(VirtualClock clock, Random random)
{
    private readonly List<Process> _processes = [];
    private readonly Pump _pump = new();

    /// <summary>Called between two steps, when no process is in the middle of one.</summary>
    public Func<Task>? Between { get; set; }

    /// <summary>Begins a process; it runs when <see cref="RunAsync"/> does.</summary>
    /// <param name="run">Given what it waits for before each request, and how it sleeps.</param>
    public void Start(TimeSpan after, Func<Func<Task>, Func<TimeSpan, Task>, Task> run)
    {
        var process = new Process { Wakes = clock.GetUtcNow() + after };
        _processes.Add(process);
        process.Run = Task.Factory.StartNew(
            async () =>
            {
                try
                {
                    await process.TurnAsync();
                    await run(process.TurnAsync, time =>
                    {
                        process.Wakes = clock.GetUtcNow() + time;
                        return process.TurnAsync();
                    });
                }
                finally
                {
                    process.End();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.None,
            _pump).Unwrap();
    }

    /// <summary>Until all have ended. A failure of one that it did not handle itself is thrown then.</summary>
    public async Task RunAsync()
    {
        foreach (var process in _processes)
        {
            Settle(process);
        }

        var live = _processes.ToList();
        while (live.RemoveAll(process => process.Ended) >= 0 && live.Count > 0)
        {
            var now = clock.GetUtcNow();
            var ready = live.Where(process => process.Wakes <= now).ToList();
            if (ready.Count == 0)
            {
                clock.Advance(live.Min(process => process.Wakes) - now);
                continue;
            }

            if (Between is { } between)
            {
                await between();
            }

            var next = ready[random.Next(ready.Count)];
            next.Go();
            Settle(next);
            if (next.Run.IsFaulted)
            {
                await next.Run;
            }
        }

        await Task.WhenAll(_processes.Select(process => process.Run));
        _processes.Clear();
    }

    /// <summary>Until a process asks for its next turn or has ended; what it handed to other threads is waited for.</summary>
    private void Settle(Process process)
    {
        _pump.Drain();
        while (!process.Arrived.Wait(TimeSpan.FromMilliseconds(1)))
        {
            _pump.Drain();
        }

        _pump.Drain();
    }

    private sealed class Process
    {
        private readonly Lock _lock = new();
        private readonly Queue<TaskCompletionSource> _waiting = [];
        private TaskCompletionSource _arrived = New();

        internal Task Run { get; set; } = Task.CompletedTask;

        internal DateTimeOffset Wakes { get; set; }

        internal bool Ended { get; private set; }

        internal Task Arrived
        {
            get
            {
                lock (_lock)
                {
                    return _arrived.Task;
                }
            }
        }

        internal Task TurnAsync()
        {
            lock (_lock)
            {
                var turn = New();
                _waiting.Enqueue(turn);
                _arrived.TrySetResult();
                return turn.Task;
            }
        }

        internal void Go()
        {
            lock (_lock)
            {
                var turn = _waiting.Dequeue();
                if (_waiting.Count == 0)
                {
                    _arrived = New();
                }

                turn.SetResult();
            }
        }

        internal void End()
        {
            lock (_lock)
            {
                Ended = true;
                _arrived.TrySetResult();
            }
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Runs what was queued, in its order, when it is told to.</summary>
    private sealed class Pump : QueueScheduler
    {
        public override int MaximumConcurrencyLevel => 1;

        internal void Drain()
        {
            while (TryTake(out var task))
            {
                TryExecuteTask(task);
            }
        }
    }
}
