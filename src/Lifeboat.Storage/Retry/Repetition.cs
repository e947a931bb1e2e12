using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Retry;

/// <summary>Repeats calls that failed in a way that may pass (<see cref="Failure.Transient"/>), a bounded number of times.</summary>
public sealed class Repetition
{
    /// <summary>Every call is made once.</summary>
    public static readonly Repetition Never =
        new(RetryPolicy.Default with { MaximumAttempts = 1 }, TimeProvider.System, new Random(0));

    private readonly RetryPolicy _policy;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Action<RetriedFailure>? _onRetry;

    /// <param name="random">Used under a lock, so it need not be safe for threads.</param>
    /// <param name="onRetry">Called before each wait, on the caller's thread.</param>
    public Repetition(RetryPolicy policy, TimeProvider time, Random random, Action<RetriedFailure>? onRetry = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.MaximumAttempts, 1);
        _policy = policy;
        _time = time;
        _random = random;
        _onRetry = onRetry;
    }

    /// <param name="call">Told which attempt it is, from 1.</param>
    public async ValueTask<T> RunAsync<T>(Func<int, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(attempt);
            }
            catch (LifeboatException failure) when (WillRepeat(failure, attempt))
            {
                await WaitAsync(failure, attempt, cancellationToken);
            }
        }
    }

    internal bool WillRepeat(LifeboatException failure, int attempt) =>
        failure.Failure.Transient && attempt < _policy.MaximumAttempts;

    internal Task WaitAsync(LifeboatException failure, int attempt, CancellationToken cancellationToken)
    {
        double share;
        lock (_random)
        {
            share = _random.NextDouble();
        }

        var delay = _policy.DelayBefore(attempt + 1, share, (failure as ObjectStoreException)?.RetryAfter);
        _onRetry?.Invoke(new RetriedFailure(failure.Failure, attempt, delay));
        return Task.Delay(delay, _time, cancellationToken);
    }
}
