using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>
/// The directories of a local store: where an object lies, whether the store is there at all, and which directories are
/// known to survive power loss.
/// </summary>
/// <remarks>
/// A directory that exists need not be durable: another writer, or one that crashed, may have made it and not yet
/// synced its parent. So each is synced into its parent once per process before an object in it counts as stored.
/// </remarks>
internal sealed class LocalDirectories
{
    internal const string TemporaryName = ".tmp";
    private const int MaximumKnown = 4096;

    private readonly IFileSystem _files;
    private readonly Dictionary<string, bool> _durable = new(StringComparer.Ordinal);

    internal LocalDirectories(IFileSystem files, string root)
    {
        _files = files;
        Root = root;
        Temporary = PosixPath.Combine(root, TemporaryName);
    }

    internal string Root { get; }

    internal string Temporary { get; }

    internal string PathOf(string name) => name.Length == 0 ? Root : PosixPath.Combine(Root, name);

    internal string PathOf(ObjectName name) => PosixPath.Combine(Root, name.Value);

    /// <summary>
    /// Fails unless the store is there. The directory <c>.tmp</c> is its mark: an empty mount point has none, and so an
    /// unmounted repository is never taken for one that holds nothing.
    /// </summary>
    internal void RequirePresent()
    {
        if (_files.Stat(Temporary) is not { Kind: FileKind.Directory })
        {
            var cause = _files.StatTarget(Root) is { Kind: FileKind.Directory }
                ? $"it holds no repository: its directory '{TemporaryName}' is missing"
                : "there is no such directory";
            throw LocalFailures.Unavailable(Root, cause);
        }
    }

    /// <summary>
    /// Fails when a component above the last of <paramref name="name"/> is a link, which would lead elsewhere.
    /// Components that do not exist or are objects are the caller's to find.
    /// </summary>
    internal void RequireNoLinkAbove(string name)
    {
        for (var slash = name.IndexOf('/'); slash >= 0; slash = name.IndexOf('/', slash + 1))
        {
            var path = PathOf(name[..slash]);
            if (_files.Stat(path) is { Kind: FileKind.SymbolicLink or FileKind.Other })
            {
                throw LocalFailures.Link(path);
            }
        }
    }

    /// <summary>Makes every directory above the object, and makes them durable.</summary>
    internal void Ensure(ObjectName name)
    {
        var value = name.Value;
        for (var slash = value.IndexOf('/'); slash >= 0; slash = value.IndexOf('/', slash + 1))
        {
            EnsureOne(value, value[..slash]);
        }
    }

    /// <summary>Makes the names in a directory durable, and the directory itself; their contents were before they had
    /// names.</summary>
    /// <param name="prefix">Empty, or ending with a slash.</param>
    internal void Settle(string prefix)
    {
        RequirePresent();
        for (var end = prefix.Length - 1; end > 0; end = prefix.LastIndexOf('/', end - 1))
        {
            var path = PathOf(prefix[..end]);
            if (_files.Stat(path) is { Kind: FileKind.Directory })
            {
                _files.SyncDirectory(path);
            }
        }

        _files.SyncDirectory(Root);
    }

    /// <summary>Forgets what is known to be durable: a directory was removed by somebody else.</summary>
    internal void Forget()
    {
        lock (_durable)
        {
            _durable.Clear();
        }
    }

    private void EnsureOne(string name, string directory)
    {
        lock (_durable)
        {
            if (_durable.ContainsKey(directory))
            {
                return;
            }
        }

        var path = PathOf(directory);
        var status = _files.Stat(path);
        if (status is null)
        {
            try
            {
                _files.CreateDirectory(path);
            }
            catch (FileSystemException failure) when (failure.Exists)
            {
                // Another writer was first; what it made is judged below.
            }

            status = _files.Stat(path);
        }

        switch (status?.Kind)
        {
            case FileKind.Directory:
                break;
            case FileKind.Regular:
                throw LocalFailures.BelowAnObject(name, directory);
            case null:
                throw LocalFailures.Unavailable(path, "a directory that was just made has gone");
            default:
                throw LocalFailures.Link(path);
        }

        _files.SyncDirectory(PosixPath.Parent(path));
        lock (_durable)
        {
            if (_durable.Count >= MaximumKnown)
            {
                _durable.Clear();
            }

            _durable[directory] = true;
        }
    }
}
