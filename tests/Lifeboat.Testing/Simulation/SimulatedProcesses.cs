namespace Lifeboat.Testing.Simulation;

/// <summary>
/// Runs processes that share a store, one request at a time, in an order that a seed chooses. A process may sleep or be
/// suspended for as long as it likes: no real time passes.
/// </summary>
public sealed class SimulatedProcesses(VirtualClock clock, Random random)
{
    private readonly List<Process> _processes = [];

    /// <summary>Chance that a process is suspended before a request.</summary>
    public double Suspension { get; set; }

    /// <summary>For how long.</summary>
    public Func<Random, TimeSpan> SuspendedFor { get; set; } = static _ => TimeSpan.Zero;

    /// <summary>Begins a process; it runs when <see cref="RunAsync"/> does.</summary>
    /// <param name="run">Given what it waits for before each request, and how it sleeps.</param>
    public void Start(TimeSpan after, Func<Func<Task>, Func<TimeSpan, Task>, Task> run)
    {
        var process = new Process { Wakes = clock.GetUtcNow() + after };
        _processes.Add(process);
        process.Run = Task.Run(async () =>
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
        });
    }

    /// <summary>Until all have ended. A failure of one that it did not handle itself is thrown then.</summary>
    public async Task RunAsync()
    {
        foreach (var process in _processes)
        {
            await process.Arrived;
        }

        while (_processes.Where(process => !process.Ended).ToList() is { Count: > 0 } live)
        {
            var now = clock.GetUtcNow();
            var ready = live.Where(process => process.Wakes <= now).ToList();
            if (ready.Count == 0)
            {
                clock.Advance(live.Min(process => process.Wakes) - now);
                continue;
            }

            var next = ready[random.Next(ready.Count)];
            if (random.NextDouble() < Suspension)
            {
                next.Wakes = now + SuspendedFor(random);
                continue;
            }

            next.Go();
            await next.Arrived;
        }

        await Task.WhenAll(_processes.Select(process => process.Run));
        _processes.Clear();
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
}
