using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Retry;

/// <summary>Repeats calls that failed in a way that may pass (<see cref="Failure.Transient"/>), a bounded number of times.</summary>
/// <remarks>
/// <para>A put that failed may have happened. So when a repeated IfAbsent put finds the name taken, the object there is
/// read and compared: with the same bytes the outcome is Created.</para>
/// <para>A listing is repeated from its start and goes on behind the last name it had given; in order and without
/// duplicates, as the contract says.</para>
/// <para>A writer is not repeated: its bytes are gone. Beginning one is; a failure of <c>WriteAsync</c> or
/// <c>CompleteAsync</c> is the caller's, who has the content and writes the object anew.</para>
/// </remarks>
public sealed class RetryingStore : IObjectStore
{
    private const int CompareBytes = 1 << 20;

    private readonly IObjectStore _inner;
    private readonly RetryPolicy _policy;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Action<RetriedFailure>? _onRetry;

    /// <param name="random">Used under a lock, so it need not be safe for threads.</param>
    /// <param name="onRetry">Called before each wait, on the caller's thread.</param>
    public RetryingStore(
        IObjectStore inner,
        RetryPolicy policy,
        TimeProvider time,
        Random random,
        Action<RetriedFailure>? onRetry = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.MaximumAttempts, 1);
        _inner = inner;
        _policy = policy;
        _time = time;
        _random = random;
        _onRetry = onRetry;
    }

    public string Location => _inner.Location;

    public StoreCapabilities Capabilities => _inner.Capabilities;

    public IObjectLocks? Locks => _inner.Locks is { } locks ? new RetryingLocks(locks, this) : null;

    public async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var outcome = await _inner.PutAsync(name, content, condition, cancellationToken);
                return outcome == PutOutcome.AlreadyExists && attempt > 1
                    && await HoldsAsync(name, content, cancellationToken)
                    ? PutOutcome.Created
                    : outcome;
            }
            catch (LifeboatException failure) when (WillRepeat(failure, attempt))
            {
                await WaitAsync(failure, attempt, cancellationToken);
            }
        }
    }

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.CreateAsync(name, cancellationToken), cancellationToken);

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.ReadAsync(name, offset, buffer, cancellationToken), cancellationToken);

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.StatAsync(name, cancellationToken), cancellationToken);

    public IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(() => _inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.ListChildrenAsync(prefix, cancellationToken), cancellationToken);

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(() => _inner.ListVersionsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        RepeatAsync(
            () => _inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken), cancellationToken);

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.DeleteAsync(name, cancellationToken), cancellationToken);

    public ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.DeleteManyAsync(names, cancellationToken), cancellationToken);

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.DeleteVersionsAsync(versions, cancellationToken), cancellationToken);

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.SettleAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) =>
        RepeatAsync(() => _inner.SweepAsync(cancellationToken), cancellationToken);

    internal async ValueTask RepeatAsync(Func<ValueTask> call, CancellationToken cancellationToken) => await RepeatAsync(
        async () =>
        {
            await call();
            return true;
        },
        cancellationToken);

    internal async ValueTask<T> RepeatAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (LifeboatException failure) when (WillRepeat(failure, attempt))
            {
                await WaitAsync(failure, attempt, cancellationToken);
            }
        }
    }

    private async IAsyncEnumerable<ObjectFacts> EnumerateAsync(
        Func<IAsyncEnumerable<ObjectFacts>> list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var given = new ListingPosition();
        for (var attempt = 1; ; attempt++)
        {
            LifeboatException failure;
            await using var items = list().GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await items.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (LifeboatException caught) when (WillRepeat(caught, attempt))
                {
                    failure = caught;
                    break;
                }

                if (given.Advance(items.Current))
                {
                    yield return items.Current;
                }
            }

            await WaitAsync(failure, attempt, cancellationToken);
        }
    }

    private async ValueTask<bool> HoldsAsync(
        ObjectName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // One byte more than is left, so that an object which is longer is seen to differ.
        var buffer = new byte[Math.Min(content.Length, CompareBytes) + 1];
        for (var offset = 0; ;)
        {
            var wanted = Math.Min(buffer.Length, content.Length - offset + 1);
            var read = await _inner.ReadAsync(name, offset, buffer.AsMemory(0, wanted), cancellationToken);
            if (offset + read > content.Length || !buffer.AsSpan(0, read).SequenceEqual(content.Span.Slice(offset, read)))
            {
                return false;
            }

            offset += read;
            if (read < wanted)
            {
                return offset == content.Length;
            }
        }
    }

    private bool WillRepeat(LifeboatException failure, int attempt) =>
        failure.Failure.Transient && attempt < _policy.MaximumAttempts;

    private Task WaitAsync(LifeboatException failure, int attempt, CancellationToken cancellationToken)
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
