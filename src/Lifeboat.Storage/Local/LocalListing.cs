using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>Lists the objects of a local store in ordinal order of their whole names.</summary>
/// <remarks>
/// <para>Order: <c>-</c> and <c>.</c> sort before the slash and digits and letters after it, so within a directory a
/// subdirectory is sorted as its name with the slash: <c>a-b</c>, <c>a.b</c>, <c>a/b</c>, <c>a0</c>.</para>
/// <para>Names that no object can have (<c>lost+found</c>, anything that begins with a dot) are somebody else's and are
/// passed over. A link with a possible name is an error, since what is behind it would be missing from the list.</para>
/// <para>An object deleted meanwhile is left out. A directory never goes by our doing, so one that vanishes half-way is
/// an error.</para>
/// </remarks>
internal sealed class LocalListing
{
    private readonly IFileSystem _files;
    private readonly LocalDirectories _directories;

    internal LocalListing(IFileSystem files, LocalDirectories directories)
    {
        _files = files;
        _directories = directories;
    }

    internal IEnumerable<ObjectFacts> Objects(string prefix, CancellationToken cancellationToken)
    {
        var start = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (!Begin(start))
        {
            yield break;
        }

        foreach (var facts in Walk(start, prefix, cancellationToken))
        {
            yield return facts;
        }

        _directories.RequirePresent();
    }

    internal IReadOnlyList<string> Children(string prefix, CancellationToken cancellationToken)
    {
        var children = new List<string>();
        if (Begin(prefix))
        {
            foreach (var key in Keys(prefix))
            {
                // Directories stay when their last object is deleted; to a flat space of names they do not exist.
                if (!key.EndsWith('/') || Walk(prefix + key, prefix + key, cancellationToken).Any())
                {
                    children.Add(key);
                }
            }

            _directories.RequirePresent();
        }

        return children;
    }

    internal static ObjectFacts FactsOf(ObjectName name, FileStatus status) =>
        new(name, status.Size, DateTimeOffset.UnixEpoch.AddTicks(status.ModifiedNs / 100));

    // False when nothing can begin with this: then the store itself must be there, or "empty" would be a guess.
    private bool Begin(string start)
    {
        _directories.RequirePresent();
        if (start.Length == 0)
        {
            return true;
        }

        var directory = start.TrimEnd('/');
        if (!ObjectName.IsValid(directory))
        {
            return false;
        }

        _directories.RequireNoLinkAbove(start);
        return _files.Stat(_directories.PathOf(directory)) is { Kind: FileKind.Directory };
    }

    private IEnumerable<ObjectFacts> Walk(string directory, string prefix, CancellationToken cancellationToken)
    {
        foreach (var key in Keys(directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var full = directory + key;
            if (!full.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (full.EndsWith('/'))
            {
                foreach (var facts in Walk(full, prefix, cancellationToken))
                {
                    yield return facts;
                }
            }
            else if (_files.Stat(_directories.PathOf(full)) is { } status)
            {
                yield return FactsOf(new ObjectName(full), status);
            }
        }
    }

    /// <summary>The entries of a directory that matter, sorted; those of directories end with a slash.</summary>
    private List<string> Keys(string directory)
    {
        IReadOnlyList<DirectoryEntry> entries;
        try
        {
            entries = _files.List(_directories.PathOf(directory.TrimEnd('/')));
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
            throw LocalFailures.Unavailable(
                _directories.PathOf(directory), "a directory vanished while it was being listed", failure);
        }

        var keys = new List<string>(entries.Count);
        foreach (var entry in entries)
        {
            var name = directory + entry.Name;
            if (!ObjectName.IsValid(name))
            {
                continue;
            }

            keys.Add(entry.Kind switch
            {
                FileKind.Directory => entry.Name + "/",
                FileKind.Regular => entry.Name,
                _ => throw LocalFailures.Link(_directories.PathOf(name)),
            });
        }

        keys.Sort(string.CompareOrdinal);
        return keys;
    }
}
