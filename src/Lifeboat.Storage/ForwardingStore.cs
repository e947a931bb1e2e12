using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage;

/// <summary>Hands every call to another store: a decorator overrides those in which it differs.</summary>
public abstract class ForwardingStore(IObjectStore inner) : IObjectStore
{
    public string Location => inner.Location;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public virtual IObjectLocks? Locks => inner.Locks;

    protected IObjectStore Inner => inner;

    public virtual ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        inner.PutAsync(name, content, condition, cancellationToken);

    public virtual ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.CreateAsync(name, cancellationToken);

    public virtual ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadAsync(name, offset, buffer, cancellationToken);

    public virtual ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.StatAsync(name, cancellationToken);

    public virtual IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, cancellationToken);

    public virtual ValueTask<IReadOnlyList<string>> ListChildrenAsync(
        string prefix, CancellationToken cancellationToken) =>
        inner.ListChildrenAsync(prefix, cancellationToken);

    public virtual IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListVersionsAsync(prefix, cancellationToken);

    public virtual ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken);

    public virtual ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.DeleteAsync(name, cancellationToken);

    public virtual ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        inner.DeleteManyAsync(names, cancellationToken);

    public virtual ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        inner.DeleteVersionsAsync(versions, cancellationToken);

    public virtual ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        inner.SettleAsync(prefix, cancellationToken);

    public virtual ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);
}
