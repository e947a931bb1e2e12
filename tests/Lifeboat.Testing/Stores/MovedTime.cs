namespace Lifeboat.Testing.Stores;

/// <summary>The system's clock, moved on by a test. What was dated before a move keeps its date.</summary>
public sealed class MovedTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<(DateTimeOffset Real, TimeSpan By)> _moves = [(DateTimeOffset.MinValue, TimeSpan.Zero)];

    public override DateTimeOffset GetUtcNow() => Moved(System.GetUtcNow());

    public void Advance(TimeSpan time)
    {
        lock (_lock)
        {
            _moves.Add((System.GetUtcNow(), _moves[^1].By + time));
        }
    }

    /// <summary>The date that a real moment has.</summary>
    public DateTimeOffset Moved(DateTimeOffset real)
    {
        lock (_lock)
        {
            return real + _moves.FindLast(move => move.Real <= real).By;
        }
    }
}
