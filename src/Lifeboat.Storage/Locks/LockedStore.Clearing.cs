using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Locks;

/// <summary>What nobody is shown any more, and is there all the same.</summary>
public sealed partial class LockedStore
{
    private const int MostRefusals = 16;

    private volatile bool _mayNotClear;

    public async ValueTask<long> ClearAsync(string prefix, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var gone = new List<List<ObjectFacts>>();
        var name = new List<ObjectFacts>();
        await foreach (var facts in _inner.ListVersionsAsync(prefix, cancellationToken))
        {
            if (name.Count > 0 && name[0].Name != facts.Name)
            {
                Take();
                name = [];
            }

            name.Add(facts);
        }

        Take();
        var (removed, refused) = (0L, 0);
        foreach (var versions in gone)
        {
            // One may have been locked by somebody who wants it to stay; without the right all are refused.
            var isDone = await RemoveAsync(versions, cancellationToken);
            removed += isDone ? versions.Count : 0;
            refused += isDone ? 0 : 1;
            if (refused == MostRefusals)
            {
                break;
            }
        }

        return removed;

        void Take()
        {
            if (name.Count > 0 && name[^1] is { IsDeleted: true } last && last.LastModified < before
                && (!_covers(last.Name) || name.TrueForAll(version => version.IsDeleted)))
            {
                gone.Add(name);
            }
        }
    }

    /// <summary>What is left of housekeeping behind its deletion marker; whoever may only put markers leaves it.</summary>
    private async ValueTask ClearAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (!_mayNotClear)
        {
            // What was put since is another object.
            var versions = await VersionsAsync(name, cancellationToken);
            _mayNotClear = !await RemoveAsync(
                versions[..(versions.FindLastIndex(version => version.IsDeleted) + 1)], cancellationToken);
        }
    }

    /// <summary>The marker is the last: without it the version before it would be the object again.</summary>
    /// <returns>False when the store refused.</returns>
    private async ValueTask<bool> RemoveAsync(List<ObjectFacts> versions, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var version in versions)
            {
                await _inner.DeleteVersionAsync(
                    new ObjectVersion(version.Name, version.Version!), bypass: false, cancellationToken);
            }

            return true;
        }
        catch (ObjectStoreException refused) when (refused.Code == ErrorCode.Denied)
        {
            return false;
        }
    }
}
