namespace Lifeboat.Storage.Throttle;

/// <summary>
/// Bounds how many bytes a second go to a store and come from it, together. The content of objects counts; listings and
/// other small requests do not. Below a decorator that repeats: what is sent again counts again.
/// </summary>
public sealed class ThrottledStore(IObjectStore inner, Bandwidth bandwidth) : ForwardingStore(inner), IDisposable
{
    public override async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        await bandwidth.TakeAsync(content.Length, cancellationToken);
        return await Inner.PutAsync(name, content, condition, cancellationToken);
    }

    public override async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new Writer(await Inner.CreateAsync(name, cancellationToken), bandwidth);

    public override async ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        await CountAsync(await Inner.ReadAsync(name, offset, buffer, cancellationToken), cancellationToken);

    public override async ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        await CountAsync(
            await Inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken), cancellationToken);

    public void Dispose() => (Inner as IDisposable)?.Dispose();

    /// <summary>How much comes is known when it has come: a buffer is often longer than the object.</summary>
    private async ValueTask<int> CountAsync(int read, CancellationToken cancellationToken)
    {
        await bandwidth.TakeAsync(read, cancellationToken);
        return read;
    }

    private sealed class Writer(IObjectWriter inner, Bandwidth bandwidth) : IObjectWriter
    {
        public ObjectName Name => inner.Name;

        public long Length => inner.Length;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            await bandwidth.TakeAsync(content.Length, cancellationToken);
            await inner.WriteAsync(content, cancellationToken);
        }

        public ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken) =>
            inner.CompleteAsync(condition, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
