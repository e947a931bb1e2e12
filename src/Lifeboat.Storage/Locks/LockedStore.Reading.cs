using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Lifeboat.Storage.Locks;

/// <summary>What a reader is shown.</summary>
public sealed partial class LockedStore
{
    /// <summary>Ids of versions that are remembered: a restore reads each of its packs many times.</summary>
    private const int MostRemembered = 100_000;

    private readonly ConcurrentDictionary<ObjectName, string> _oldest = new();

    /// <summary>Names that this process has put, or heard to be taken.</summary>
    private readonly ConcurrentDictionary<ObjectName, byte> _there = new();

    public async ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_covers(name))
        {
            return await _inner.ReadAsync(name, offset, buffer, cancellationToken);
        }

        if (_oldest.TryGetValue(name, out var version))
        {
            try
            {
                return await _inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken);
            }
            catch (ObjectNotFoundException)
            {
                // It has been deleted since.
                Forget(name);
            }
        }

        return await StatAsync(name, cancellationToken) is { Version: { } found }
            ? await _inner.ReadVersionAsync(name, found, offset, buffer, cancellationToken)
            : throw new ObjectNotFoundException(name, Location);
    }

    public async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (!_covers(name))
        {
            return await _inner.StatAsync(name, cancellationToken);
        }

        var facts = (await VersionsAsync(name, cancellationToken)).Find(version => !version.IsDeleted);
        if (facts is null && _there.ContainsKey(name))
        {
            // A listing that lags: what is the newest version now was the first a moment ago, and is not remembered for it.
            return await _inner.StatAsync(name, cancellationToken);
        }

        Remember(facts);
        return facts;
    }

    /// <summary>The store said that there is one: this process is not told otherwise by a listing that lags.</summary>
    internal void NoteThere(ObjectName name)
    {
        if (_there.Count < MostRemembered)
        {
            _there.TryAdd(name, default);
        }
    }

    public async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectFacts? shown = null;
        ObjectFacts? last = null;
        await foreach (var facts in _inner.ListVersionsAsync(prefix, cancellationToken))
        {
            if (last is not null && last.Name != facts.Name)
            {
                if (Chosen(shown, last) is { } chosen)
                {
                    yield return chosen;
                }

                shown = null;
            }

            shown ??= facts.IsDeleted ? null : facts;
            last = facts;
        }

        if (last is not null && Chosen(shown, last) is { } end)
        {
            yield return end;
        }
    }

    public ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken) =>
        _inner.ListChildrenOfVersionsAsync(prefix, cancellationToken);

    /// <summary>All that the store keeps, for who looks into what was put over or in front of an object.</summary>
    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        _inner.ListVersionsAsync(prefix, cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        _inner.ReadVersionAsync(name, version, offset, buffer, cancellationToken);

    /// <param name="oldest">The first version of a name that is no marker.</param>
    /// <param name="newest">The last one.</param>
    private ObjectFacts? Chosen(ObjectFacts? oldest, ObjectFacts newest)
    {
        if (!_covers(newest.Name))
        {
            return newest.IsDeleted ? null : newest;
        }

        Remember(oldest);
        return oldest;
    }

    private void Remember(ObjectFacts? facts)
    {
        if (facts?.Version is { } version && _oldest.Count < MostRemembered)
        {
            _oldest[facts.Name] = version;
        }
    }

    private void Forget(ObjectName name) => _oldest.TryRemove(name, out _);
}
