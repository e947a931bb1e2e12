namespace Lifeboat.Storage.Retry;

/// <summary>How often and how long a failed call is tried again.</summary>
/// <param name="MaximumAttempts">Calls in all, the first included; 1 never retries.</param>
/// <param name="FirstDelay">The upper bound of the wait before the second attempt; it doubles with each one.</param>
/// <param name="MaximumDelay">The upper bound that it does not grow beyond.</param>
public sealed record RetryPolicy(int MaximumAttempts, TimeSpan FirstDelay, TimeSpan MaximumDelay)
{
    /// <summary>
    /// Six attempts, at most 0.2 + 0.4 + 0.8 + 1.6 + 3.2 s of waiting: rides out a failover or a throttled minute, and
    /// lets a command that PostgreSQL waits for fail soon enough to be called again.
    /// </summary>
    public static RetryPolicy Default { get; } =
        new(6, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));

    /// <summary>
    /// The longest wait that a store may ask for (<see cref="ObjectStoreException.RetryAfter"/>). One that asks for more is waited
    /// for so long at each attempt: a server that archives must hear of a failure while it still has room for its WAL.
    /// </summary>
    public TimeSpan MostAsked { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before attempt <paramref name="next"/> (2, 3, …): a random share of the bound, so that many
    /// clients that failed together do not come back together.</summary>
    /// <param name="share">0 to 1.</param>
    /// <param name="asked">What the store asked for; it is not cut by the share, and may be longer than the bound.</param>
    internal TimeSpan DelayBefore(int next, double share, TimeSpan? asked = null)
    {
        var bound = FirstDelay * Math.Pow(2, Math.Min(next - 2, 30));
        var own = (bound < MaximumDelay ? bound : MaximumDelay) * share;
        return asked is { } least ? (least < MostAsked ? least : MostAsked) + own : own;
    }
}

/// <summary>One attempt that failed and will be repeated; for logs and counters, since a silent retry hides a sick store.</summary>
/// <param name="Attempt">1 for the first.</param>
/// <param name="Delay">The wait that follows.</param>
public sealed record RetriedFailure(Platform.Errors.Failure Failure, int Attempt, TimeSpan Delay);
