using System.Globalization;
using System.Runtime.CompilerServices;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Memory;

/// <summary>
/// A store that lives as long as this object: for tests, and as the model that other stores are compared with. Listings
/// show the state of one moment.
/// </summary>
/// <remarks>
/// With <see cref="StoreCapabilities.Versions"/> every put adds a version and a deletion adds a marker; without, they
/// replace and remove. Without <see cref="StoreCapabilities.CreateIfAbsent"/> a put looks first and writes later, with
/// a pause between in which others can run, as on stores that have no conditional write.
/// </remarks>
public sealed partial class MemoryObjectStore : ILockableStore
{
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, List<Stored>> _objects = new(StringComparer.Ordinal);
    private long _lastVersion;

    public MemoryObjectStore(TimeProvider time, bool createIfAbsent = true, bool versions = false)
    {
        _time = time;
        Capabilities = new StoreCapabilities(createIfAbsent, versions);
    }

    public string Location => "memory:";

    public StoreCapabilities Capabilities { get; }

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        PutAsync(name, content, condition, retention: null, cancellationToken);

    private async ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention? retention,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = content.ToArray();
        if (condition == PutCondition.IfAbsent && !Capabilities.CreateIfAbsent)
        {
            lock (_lock)
            {
                if (Current(name) is not null)
                {
                    return PutOutcome.AlreadyExists;
                }
            }

            await Task.Yield();
            condition = PutCondition.Overwrite;
        }

        lock (_lock)
        {
            if (condition == PutCondition.IfAbsent && Current(name) is not null)
            {
                return PutOutcome.AlreadyExists;
            }

            Add(name, bytes, retention);
            return PutOutcome.Created;
        }
    }

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new MemoryObjectWriter(this, name));
    }

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return new(Copy(Current(name) ?? throw new ObjectNotFoundException(name, Location), offset, buffer));
        }
    }

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return new(Current(name)?.Facts);
        }
    }

    public IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, static all => all[^1].Facts.IsDeleted ? [] : all[^1..], cancellationToken);

    public async ValueTask<IReadOnlyList<string>> ListChildrenAsync(
        string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        var children = new List<string>();
        await foreach (var facts in ListAsync(prefix, cancellationToken))
        {
            var rest = facts.Name.Value[prefix.Length..];
            var child = rest[..(rest.IndexOf('/') is var slash and >= 0 ? slash + 1 : rest.Length)];
            if (children.Count == 0 || children[^1] != child)
            {
                children.Add(child);
            }
        }

        return children;
    }

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(prefix, static all => [.. all], cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var stored = _objects.GetValueOrDefault(name.Value)?.Find(one => one.Facts.Version == version);
            return stored is { Facts.IsDeleted: false }
                ? new(Copy(stored, offset, buffer))
                : throw new ObjectNotFoundException(name, Location);
        }
    }

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!Capabilities.Versions)
            {
                _objects.Remove(name.Value);
            }
            else if (Current(name) is not null)
            {
                Add(name, content: null);
            }
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var name in names)
        {
            await DeleteAsync(name, cancellationToken);
        }
    }

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Capabilities.Versions)
        {
            throw new InvalidOperationException("this store keeps no versions");
        }

        lock (_lock)
        {
            foreach (var version in versions)
            {
                Remove(version, bypass: false);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writers keep their bytes to themselves, so there is never anything to remove.</summary>
    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => new(0);

    private async IAsyncEnumerable<ObjectFacts> EnumerateAsync(
        string prefix,
        Func<List<Stored>, List<Stored>> select,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        List<ObjectFacts> found = [];
        lock (_lock)
        {
            foreach (var (name, all) in _objects)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    found.AddRange(select(all).Select(one => one.Facts));
                }
            }
        }

        foreach (var facts in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return facts;
        }
    }

    private Stored? Current(ObjectName name) =>
        _objects.GetValueOrDefault(name.Value)?[^1] is { Facts.IsDeleted: false } stored ? stored : null;

    private void Add(ObjectName name, byte[]? content, ObjectRetention? retention = null)
    {
        if (!_objects.TryGetValue(name.Value, out var all))
        {
            _objects[name.Value] = all = [];
        }

        string? version = null;
        if (Capabilities.Versions)
        {
            version = (++_lastVersion).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            all.Clear();
        }

        var facts = new ObjectFacts(name, content?.Length ?? 0, _time.GetUtcNow(), version, content is null);
        all.Add(new Stored(facts, content ?? []) { Retention = retention });
    }

    private static int Copy(Stored stored, long offset, Memory<byte> buffer)
    {
        if (offset >= stored.Content.Length)
        {
            return 0;
        }

        var part = stored.Content.AsSpan((int)offset);
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer.Span);
        return part.Length;
    }

    private sealed record Stored(ObjectFacts Facts, byte[] Content)
    {
        internal ObjectRetention? Retention { get; set; }
    }
}
