using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>A writer of a <see cref="FaultyStore"/>; after its failure only disposal is left.</summary>
internal sealed class FaultyWriter : IObjectWriter
{
    private readonly FaultyStore _store;
    private readonly IObjectWriter _inner;
    private bool _broken;

    internal FaultyWriter(FaultyStore store, IObjectWriter inner)
    {
        _store = store;
        _inner = inner;
    }

    public ObjectName Name => _inner.Name;

    public long Length => _inner.Length;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RequireUnbroken();
        await _store.AskAsync(
            StoreOperation.Write,
            Name.Value,
            async () =>
            {
                await _inner.WriteAsync(content, cancellationToken);
                return true;
            });
        _broken = false;
    }

    public ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
    {
        RequireUnbroken();
        return _store.AskAsync(
            StoreOperation.Complete, Name.Value, () => _inner.CompleteAsync(condition, cancellationToken));
    }

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private void RequireUnbroken()
    {
        if (_broken)
        {
            throw new InvalidOperationException($"the writer of '{Name}' has failed or is completed");
        }

        _broken = true;
    }
}
