using System.Globalization;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Locks;

/// <summary>
/// A repository in a store that locks. Everything but housekeeping is put with a lock, and of what is locked the <b>oldest</b>
/// version of a name is the object: whoever may write can put another version over it or a deletion marker in front of it, and
/// can do neither behind it. Housekeeping is never locked, and its newest version counts.
/// </summary>
/// <remarks>
/// A read of a name looks for its versions first and remembers the oldest one's id. Deleting removes every version, for good,
/// and is refused as long as one of them is locked. Clocks: the store refuses requests of a host whose clock is more than
/// minutes off, so that a lock is never shorter by more.
/// </remarks>
public sealed partial class LockedStore : IObjectStore, IObjectLocks, IDisposable
{
    private const string DeleteOperation = "delete from the repository";

    private readonly ILockableStore _inner;
    private readonly Func<ObjectName, bool> _covers;
    private readonly LockTerms? _terms;
    private readonly TimeProvider _time;
    private volatile bool _mayNotClear;

    /// <param name="inner">With its versions; owned from now on when it can be disposed of.</param>
    /// <param name="covers">Whether objects of this name are locked: all but housekeeping.</param>
    /// <param name="terms">Null: nothing is written, only read, while it is not known what the repository says.</param>
    public LockedStore(ILockableStore inner, Func<ObjectName, bool> covers, LockTerms? terms, TimeProvider time)
    {
        _inner = inner;
        _covers = covers;
        _terms = terms;
        _time = time;
    }

    public string Location => _inner.Location;

    /// <summary>Versions are this store's own business: to whoever uses it an object has one.</summary>
    public StoreCapabilities Capabilities => _inner.Capabilities with { Versions = false };

    public IObjectLocks? Locks => _terms is null ? null : this;

    public LockTerms Terms => _terms ?? throw new InvalidOperationException("this store is only read");

    public ILockableStore Versions => _inner;

    public bool Covers(ObjectName name) => _covers(name);

    public async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        if (!_covers(name))
        {
            return await _inner.PutAsync(name, content, condition, cancellationToken);
        }

        // A deletion marker in front of it would let the store take it for absent.
        return condition == PutCondition.IfAbsent && await StatAsync(name, cancellationToken) is not null
            ? PutOutcome.AlreadyExists
            : await _inner.PutAsync(name, content, condition, RetentionNow(), cancellationToken);
    }

    public async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        _covers(name)
            ? new LockedWriter(this, await _inner.CreateAsync(name, RetentionNow(), cancellationToken))
            : await _inner.CreateAsync(name, cancellationToken);

    public async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (!_covers(name))
        {
            await _inner.DeleteAsync(name, cancellationToken);
            await ClearAsync(name, cancellationToken);
            return;
        }

        var versions = await VersionsAsync(name, cancellationToken);
        foreach (var version in versions.Where(version => !version.IsDeleted))
        {
            if (await UntilOfAsync(version, cancellationToken) is { } until)
            {
                throw LockedUntil(name, until);
            }
        }

        // The oldest last: at every moment what is there is the object, or nothing is.
        for (var at = versions.Count - 1; at >= 0; at--)
        {
            await _inner.DeleteVersionAsync(new ObjectVersion(name, versions[at].Version!), bypass: false, cancellationToken);
        }

        Forget(name);
    }

    public async ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(names, options, DeleteAsync);
    }

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("versions are removed with their object");

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        _inner.SettleAsync(prefix, cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => _inner.SweepAsync(cancellationToken);

    public ValueTask<ObjectRetention?> ReadAsync(ObjectVersion version, CancellationToken cancellationToken) =>
        _inner.ReadRetentionAsync(version, cancellationToken);

    public ValueTask ExtendAsync(ObjectVersion version, DateTimeOffset until, CancellationToken cancellationToken) =>
        _inner.WriteRetentionAsync(version, new ObjectRetention(Terms.Mode, until), bypass: false, cancellationToken);

    public async ValueTask<DateTimeOffset?> LockedUntilAsync(ObjectName name, CancellationToken cancellationToken)
    {
        DateTimeOffset? latest = null;
        if (_covers(name))
        {
            foreach (var version in await VersionsAsync(name, cancellationToken))
            {
                var until = version.IsDeleted ? null : await UntilOfAsync(version, cancellationToken);
                latest = until > latest || latest is null ? until : latest;
            }
        }

        return latest;
    }

    public void Dispose() => (_inner as IDisposable)?.Dispose();

    /// <summary>What is left of housekeeping behind its deletion marker; whoever may only put markers leaves it.</summary>
    private async ValueTask ClearAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (_mayNotClear)
        {
            return;
        }

        try
        {
            // The marker is the last: without it the version before it would be the object again.
            foreach (var version in await VersionsAsync(name, cancellationToken))
            {
                await _inner.DeleteVersionAsync(new ObjectVersion(name, version.Version!), bypass: false, cancellationToken);
            }
        }
        catch (ObjectStoreException refused) when (refused.Code == ErrorCode.Denied)
        {
            _mayNotClear = true;
        }
    }

    private ObjectRetention RetentionNow() => new(Terms.Mode, Terms.UntilFrom(_time.GetUtcNow()));

    /// <summary>Null when it is not locked now.</summary>
    private async ValueTask<DateTimeOffset?> UntilOfAsync(ObjectFacts version, CancellationToken cancellationToken) =>
        await _inner.ReadRetentionAsync(new ObjectVersion(version.Name, version.Version!), cancellationToken)
            is { } retention && retention.Until > _time.GetUtcNow()
                ? retention.Until
                : null;

    private static ObjectStoreException LockedUntil(ObjectName name, DateTimeOffset until) => new(new Failure(
        ErrorCode.Denied,
        DeleteOperation,
        name.Value,
        string.Create(
            CultureInfo.InvariantCulture, $"it is locked until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, and stays as it is"),
        Hint: "Nothing has to be done: it can be deleted when its lock has ended."));

    private async ValueTask<List<ObjectFacts>> VersionsAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var versions = new List<ObjectFacts>();
        await foreach (var facts in _inner.ListVersionsAsync(name.Value, cancellationToken))
        {
            if (facts.Name != name)
            {
                break;
            }

            versions.Add(facts);
        }

        return versions;
    }
}
