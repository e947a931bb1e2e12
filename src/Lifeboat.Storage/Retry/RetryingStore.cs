using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Retry;

/// <summary>Repeats calls that failed in a way that may pass (<see cref="Failure.Transient"/>), a bounded number of times.</summary>
/// <remarks>
/// <para>A put that failed may have happened: see <see cref="RepeatedPut"/>.</para>
/// <para>A listing is repeated from its start and goes on behind the last name it had given; in order and without
/// duplicates, as the contract says.</para>
/// <para>A writer is not repeated here: its bytes are gone. Beginning one is. A store whose writers still hold what they send
/// repeats that itself, when it is given a <see cref="Repetition"/>.</para>
/// </remarks>
public sealed class RetryingStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly Repetition _repetition;

    public RetryingStore(IObjectStore inner, Repetition repetition)
    {
        _inner = inner;
        _repetition = repetition;
    }

    /// <inheritdoc cref="Repetition(RetryPolicy, TimeProvider, Random, Action{RetriedFailure})"/>
    public RetryingStore(
        IObjectStore inner,
        RetryPolicy policy,
        TimeProvider time,
        Random random,
        Action<RetriedFailure>? onRetry = null)
        : this(inner, new Repetition(policy, time, random, onRetry))
    {
    }

    public string Location => _inner.Location;

    public StoreCapabilities Capabilities => _inner.Capabilities;

    public IObjectLocks? Locks => _inner.Locks is { } locks ? new RetryingLocks(locks, this) : null;

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        RepeatedPut.RunAsync(
            _repetition,
            _inner,
            name,
            content,
            () => _inner.PutAsync(name, content, condition, cancellationToken),
            cancellationToken);

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

    internal ValueTask<T> RepeatAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken) =>
        _repetition.RunAsync(_ => call(), cancellationToken);

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
                catch (LifeboatException caught) when (_repetition.WillRepeat(caught, attempt))
                {
                    failure = caught;
                    break;
                }

                if (given.Advance(items.Current))
                {
                    yield return items.Current;
                }
            }

            await _repetition.WaitAsync(failure, attempt, cancellationToken);
        }
    }
}
