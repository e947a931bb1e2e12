using System.Runtime.CompilerServices;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>A real store whose clock a test moves on: only the dates that it tells are others.</summary>
public sealed class MovedTimeStore(IObjectStore inner, MovedTime time) : ForwardingStore(inner)
{
    public override async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await Inner.StatAsync(name, cancellationToken) is { } facts ? Moved(facts) : null;

    public override IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        MovedAsync(Inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public override IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        MovedAsync(Inner.ListVersionsAsync(prefix, cancellationToken), cancellationToken);

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
