using Lifeboat.Storage;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Tests.Collect;

/// <summary>A store that says that it locked some objects for longer, and did not.</summary>
internal sealed class LyingLocks(IObjectStore inner, Func<ObjectName, ValueTask<bool>> ignores)
    : ForwardingStore(inner), IObjectLocks
{
    private readonly IObjectLocks _locks = inner.Locks ?? throw new InvalidOperationException("nothing is locked");

    public override IObjectLocks Locks => this;

    public LockTerms Terms => _locks.Terms;

    public ILockableStore Versions => _locks.Versions;

    public bool Covers(ObjectName name) => _locks.Covers(name);

    public ValueTask<ObjectRetention?> ReadAsync(ObjectVersion version, CancellationToken cancellationToken) =>
        _locks.ReadAsync(version, cancellationToken);

    public async ValueTask ExtendAsync(ObjectVersion version, DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (!await ignores(version.Name))
        {
            await _locks.ExtendAsync(version, until, cancellationToken);
        }
    }

    public ValueTask<DateTimeOffset?> LockedUntilAsync(ObjectName name, CancellationToken cancellationToken) =>
        _locks.LockedUntilAsync(name, cancellationToken);

    public ValueTask<long> ClearAsync(string prefix, DateTimeOffset before, CancellationToken cancellationToken) =>
        _locks.ClearAsync(prefix, before, cancellationToken);
}
