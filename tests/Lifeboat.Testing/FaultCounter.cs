namespace Lifeboat.Testing;

/// <summary>
/// Counts the operations that a planned fault concerns, keeps the trace of all, and says which one fails. For any thread.
/// </summary>
internal sealed class FaultCounter
{
    private readonly Lock _lock = new();
    private readonly List<string> _trace = [];
    private long _counted;
    private bool _struck;

    internal bool Struck
    {
        get
        {
            lock (_lock)
            {
                return _struck;
            }
        }
    }

    internal long Count
    {
        get
        {
            lock (_lock)
            {
                return _counted;
            }
        }
    }

    internal IReadOnlyList<string> Trace
    {
        get
        {
            lock (_lock)
            {
                return [.. _trace];
            }
        }
    }

    internal void Restart()
    {
        lock (_lock)
        {
            _counted = 0;
        }
    }

    /// <summary>Notes one operation.</summary>
    /// <param name="line">Of the trace.</param>
    /// <param name="concerned">Whether it counts.</param>
    /// <param name="at">The number of the operation that fails, from 1; null when none does.</param>
    /// <param name="forGood">Whether every later one fails too.</param>
    /// <returns>Whether it fails.</returns>
    internal bool Enter(string line, bool concerned, long? at, bool forGood)
    {
        lock (_lock)
        {
            _counted += concerned ? 1 : 0;
            var fails = concerned && (_counted == at || (forGood && _counted > at));
            _struck |= fails;
            _trace.Add(fails ? line + " FAILS" : line);
            return fails;
        }
    }
}
