using System.Runtime.CompilerServices;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>
/// A store whose listings lag: what was put through it is not listed, and what was deleted through it still is, until
/// <see cref="CatchUp"/>. Reads by name are never stale, as the contract says.
/// </summary>
public sealed class DelayedVisibilityStore(IObjectStore inner) : ForwardingStore(inner)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _unlisted = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ObjectFacts> _ghosts = new(StringComparer.Ordinal);

    /// <summary>From here on listings show everything done so far.</summary>
    public void CatchUp()
    {
        lock (_lock)
        {
            _unlisted.Clear();
            _ghosts.Clear();
        }
    }

    public override async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        var before = await Inner.StatAsync(name, cancellationToken);
        var outcome = await Inner.PutAsync(name, content, condition, cancellationToken);
        NotePut(name, before);
        return outcome;
    }

    public override async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new Writer(this, await Inner.CreateAsync(name, cancellationToken));

    public override IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, Inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public override async ValueTask<IReadOnlyList<string>> ListChildrenAsync(
        string prefix, CancellationToken cancellationToken)
    {
        var children = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var facts in ListAsync(prefix, cancellationToken))
        {
            var rest = facts.Name.Value[prefix.Length..];
            children.Add(rest[..(rest.IndexOf('/') is var slash and >= 0 ? slash + 1 : rest.Length)]);
        }

        return [.. children];
    }

    public override IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, Inner.ListVersionsAsync(prefix, cancellationToken), cancellationToken);

    public override async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var before = await Inner.StatAsync(name, cancellationToken);
        await Inner.DeleteAsync(name, cancellationToken);
        lock (_lock)
        {
            if (before is not null && !_unlisted.Contains(name.Value))
            {
                _ghosts[name.Value] = before;
            }
        }
    }

    public override async ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            await DeleteAsync(name, cancellationToken);
        }
    }

    private void NotePut(ObjectName name, ObjectFacts? before)
    {
        lock (_lock)
        {
            if (before is null && !_ghosts.ContainsKey(name.Value))
            {
                _unlisted.Add(name.Value);
            }
        }
    }

    private async IAsyncEnumerable<ObjectFacts> EnumerateAsync(
        string prefix,
        IAsyncEnumerable<ObjectFacts> items,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var all = new List<ObjectFacts>();
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            all.Add(item);
        }

        lock (_lock)
        {
            all.RemoveAll(one => _unlisted.Contains(one.Name.Value));
            all.AddRange(_ghosts.Values.Where(
                ghost => ghost.Name.Value.StartsWith(prefix, StringComparison.Ordinal)
                    && !all.Exists(one => one.Name == ghost.Name)));
        }

        foreach (var facts in all.OrderBy(one => one.Name))
        {
            yield return facts;
        }
    }

    private sealed class Writer : IObjectWriter
    {
        private readonly DelayedVisibilityStore _store;
        private readonly IObjectWriter _inner;

        internal Writer(DelayedVisibilityStore store, IObjectWriter inner)
        {
            _store = store;
            _inner = inner;
        }

        public ObjectName Name => _inner.Name;

        public long Length => _inner.Length;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            _inner.WriteAsync(content, cancellationToken);

        public async ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
        {
            var before = await _store.Inner.StatAsync(Name, cancellationToken);
            var outcome = await _inner.CompleteAsync(condition, cancellationToken);
            _store.NotePut(Name, before);
            return outcome;
        }

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
