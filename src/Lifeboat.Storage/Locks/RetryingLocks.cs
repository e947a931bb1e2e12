namespace Lifeboat.Storage.Locks;

/// <summary>Repeats what failed in a way that may pass: every call may be made twice.</summary>
internal sealed class RetryingLocks(IObjectLocks inner, Retry.RetryingStore store) : IObjectLocks
{
    public LockTerms Terms => inner.Terms;

    public ILockableStore Versions => inner.Versions;

    public bool Covers(ObjectName name) => inner.Covers(name);

    public ValueTask<ObjectRetention?> ReadAsync(ObjectVersion version, CancellationToken cancellationToken) =>
        store.RepeatAsync(() => inner.ReadAsync(version, cancellationToken), cancellationToken);

    public ValueTask ExtendAsync(ObjectVersion version, DateTimeOffset until, CancellationToken cancellationToken) =>
        store.RepeatAsync(() => inner.ExtendAsync(version, until, cancellationToken), cancellationToken);

    public ValueTask<DateTimeOffset?> LockedUntilAsync(ObjectName name, CancellationToken cancellationToken) =>
        store.RepeatAsync(() => inner.LockedUntilAsync(name, cancellationToken), cancellationToken);

    public ValueTask<long> ClearAsync(string prefix, DateTimeOffset before, CancellationToken cancellationToken) =>
        store.RepeatAsync(() => inner.ClearAsync(prefix, before, cancellationToken), cancellationToken);
}
