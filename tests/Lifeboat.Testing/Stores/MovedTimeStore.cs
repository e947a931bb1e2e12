using System.Runtime.CompilerServices;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>A real store whose clock a test moves on: only the dates that it tells are others.</summary>
public sealed class MovedTimeStore(IObjectStore inner, MovedTime time) : IObjectStore
{
    public string Location => inner.Location;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        inner.PutAsync(name, content, condition, cancellationToken);

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.CreateAsync(name, cancellationToken);

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadAsync(name, offset, buffer, cancellationToken);

    public async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await inner.StatAsync(name, cancellationToken) is { } facts ? Moved(facts) : null;

    public IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        MovedAsync(inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListChildrenAsync(prefix, cancellationToken);

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        MovedAsync(inner.ListVersionsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken);

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.DeleteAsync(name, cancellationToken);

    public ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        inner.DeleteManyAsync(names, cancellationToken);

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        inner.DeleteVersionsAsync(versions, cancellationToken);

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        inner.SettleAsync(prefix, cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);

    private ObjectFacts Moved(ObjectFacts facts) => facts with { LastModified = time.Moved(facts.LastModified) };

    private async IAsyncEnumerable<ObjectFacts> MovedAsync(
        IAsyncEnumerable<ObjectFacts> all, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var facts in all.WithCancellation(cancellationToken))
        {
            yield return Moved(facts);
        }
    }
}
