using System.Runtime.CompilerServices;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>Requests and bytes that went to a store.</summary>
/// <param name="Requests">As an object store counts them: a listing one for each 1000 names, a writer one for each 8 MiB.</param>
public readonly record struct StoreUse(long Requests, long BytesRead, long BytesWritten)
{
    public static StoreUse operator +(StoreUse a, StoreUse b) =>
        new(a.Requests + b.Requests, a.BytesRead + b.BytesRead, a.BytesWritten + b.BytesWritten);

    public static StoreUse operator -(StoreUse a, StoreUse b) =>
        new(a.Requests - b.Requests, a.BytesRead - b.BytesRead, a.BytesWritten - b.BytesWritten);
}

/// <summary>Counts what goes to a store, and makes each request take a while when asked to.</summary>
public sealed class MeteredStore(IObjectStore inner) : ForwardingStore(inner)
{
    private const long Part = 8 << 20;

    /// <summary>Names in one answer of a listing.</summary>
    private const int Page = 1000;

    private long _requests;
    private long _read;
    private long _written;

    /// <summary>Each request takes at least this long.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Waited for before each request; null for nothing.</summary>
    public Func<Task>? Asked { get; set; }

    public StoreUse Use => new(
        Interlocked.Read(ref _requests), Interlocked.Read(ref _read), Interlocked.Read(ref _written));

    public override async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        Interlocked.Add(ref _written, content.Length);
        return await Inner.PutAsync(name, content, condition, cancellationToken);
    }

    public override async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new Writer(this, await Inner.CreateAsync(name, cancellationToken));

    public override async ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        var read = await Inner.ReadAsync(name, offset, buffer, cancellationToken);
        Interlocked.Add(ref _read, read);
        return read;
    }

    public override async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        return await Inner.StatAsync(name, cancellationToken);
    }

    public override async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var facts in Inner.ListAsync(prefix, cancellationToken))
        {
            if (count++ % Page == 0)
            {
                await AskAsync(cancellationToken);
            }

            yield return facts;
        }

        if (count == 0)
        {
            await AskAsync(cancellationToken);
        }
    }

    public override async ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        var children = await Inner.ListChildrenAsync(prefix, cancellationToken);
        for (var page = Page; page < children.Count; page += Page)
        {
            await AskAsync(cancellationToken);
        }

        return children;
    }

    public override async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken);
        await Inner.DeleteAsync(name, cancellationToken);
    }

    public override async ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        // As buckets are asked: for one object each, several at once.
        var several = new ParallelOptions { MaxDegreeOfParallelism = 16, TaskScheduler = null };
        await Parallel.ForEachAsync(names, several, (_, _) => AskAsync(cancellationToken));
        await Inner.DeleteManyAsync(names, cancellationToken);
    }

    public override async ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken)
    {
        await AskAsync(cancellationToken, versions.Count);
        await Inner.DeleteVersionsAsync(versions, cancellationToken);
    }

    private async ValueTask AskAsync(CancellationToken cancellationToken, long requests = 1)
    {
        Interlocked.Add(ref _requests, requests);
        if (Asked is { } asked)
        {
            await asked();
        }

        if (Latency > TimeSpan.Zero)
        {
            await Task.Delay(Latency, cancellationToken);
        }
    }

    private sealed class Writer(MeteredStore store, IObjectWriter inner) : IObjectWriter
    {
        public ObjectName Name => inner.Name;

        public long Length => inner.Length;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            inner.WriteAsync(content, cancellationToken);

        public async ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
        {
            await store.AskAsync(cancellationToken, 1 + (inner.Length / Part));
            Interlocked.Add(ref store._written, inner.Length);
            return await inner.CompleteAsync(condition, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
