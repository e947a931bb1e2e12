namespace Lifeboat.Storage.Locks;

/// <summary>Writes an object that is locked; what is taken is told by the oldest version.</summary>
internal sealed class LockedWriter(LockedStore store, IObjectWriter inner) : IObjectWriter
{
    public ObjectName Name => inner.Name;

    public long Length => inner.Length;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.WriteAsync(content, cancellationToken);

    public async ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken) =>
        condition == PutCondition.IfAbsent && await store.StatAsync(Name, cancellationToken) is not null
            ? PutOutcome.AlreadyExists
            : await inner.CompleteAsync(condition, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
