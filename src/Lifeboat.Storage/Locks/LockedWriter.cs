namespace Lifeboat.Storage.Locks;

/// <summary>
/// Writes an object that is locked; what is taken is told by the oldest version. The lock is chosen when the upload begins: a
/// process that slept since, or an epoch that has ended, is made up for behind it.
/// </summary>
/// <param name="until">When the lock ends that the upload was begun with.</param>
internal sealed class LockedWriter(LockedStore store, IObjectWriter inner, DateTimeOffset until) : IObjectWriter
{
    public ObjectName Name => inner.Name;

    public long Length => inner.Length;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.WriteAsync(content, cancellationToken);

    public async ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
    {
        if (condition == PutCondition.IfAbsent && await store.StatAsync(Name, cancellationToken) is not null)
        {
            return PutOutcome.AlreadyExists;
        }

        var outcome = await inner.CompleteAsync(condition, cancellationToken);
        store.NoteThere(Name);
        if (outcome == PutOutcome.Created)
        {
            await store.MakeUpAsync(Name, until, cancellationToken);
        }

        return outcome;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
