using System.Diagnostics.CodeAnalysis;

namespace Lifeboat.Testing.Simulation;

/// <summary>Keeps what it is given until whoever owns it takes it, in its order, and runs it.</summary>
public abstract class QueueScheduler : TaskScheduler
{
    private readonly Queue<Task> _tasks = [];

    protected override void QueueTask(Task task)
    {
        lock (_tasks)
        {
            _tasks.Enqueue(task);
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_tasks)
        {
            return [.. _tasks];
        }
    }

    protected bool TryTake([NotNullWhen(true)] out Task? task)
    {
        lock (_tasks)
        {
            return _tasks.TryDequeue(out task);
        }
    }
}
