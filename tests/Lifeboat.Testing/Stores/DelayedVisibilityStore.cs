using System.Runtime.CompilerServices;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>
/// A store whose listings lag: what was put through it is not listed, and what was deleted through it still is, until
/// <see cref="CatchUp"/>. Reads by name are never stale, as the contract says.
/// </summary>
public sealed class DelayedVisibilityStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _unlisted = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ObjectFacts> _ghosts = new(StringComparer.Ordinal);

    public DelayedVisibilityStore(IObjectStore inner) => _inner = inner;

    public string Location => _inner.Location;

    public StoreCapabilities Capabilities => _inner.Capabilities;

    /// <summary>From here on listings show everything done so far.</summary>
    public void CatchUp()
    {
        lock (_lock)
        {
            _unlisted.Clear();
            _ghosts.Clear();
        }
    }

    public async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        var before = await _inner.StatAsync(name, cancellationToken);
        var outcome = await _inner.PutAsync(name, content, condition, cancellationToken);
        NotePut(name, before);
        return outcome;
    }

    public async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new Writer(this, await _inner.CreateAsync(name, cancellationToken));

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        _inner.ReadAsync(name, offset, buffer, cancellationToken);

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        _inner.StatAsync(name, cancellationToken);

    public IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, _inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public async ValueTask<IReadOnlyList<string>> ListChildrenAsync(
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

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, _inner.ListVersionsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        _inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken);

    public async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var before = await _inner.StatAsync(name, cancellationToken);
        await _inner.DeleteAsync(name, cancellationToken);
        lock (_lock)
        {
            if (before is not null && !_unlisted.Contains(name.Value))
            {
                _ghosts[name.Value] = before;
            }
        }
    }

    public async ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            await DeleteAsync(name, cancellationToken);
        }
    }

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        _inner.DeleteVersionsAsync(versions, cancellationToken);

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        _inner.SettleAsync(prefix, cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => _inner.SweepAsync(cancellationToken);

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
            var before = await _store._inner.StatAsync(Name, cancellationToken);
            var outcome = await _inner.CompleteAsync(condition, cancellationToken);
            _store.NotePut(Name, before);
            return outcome;
        }

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
