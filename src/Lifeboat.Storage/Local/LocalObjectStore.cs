using System.Runtime.CompilerServices;
using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>
/// An object store in a directory of a local or mounted file system: one file per object, mode 0600, in directories of
/// mode 0700. Owns a few open files; disposal closes them.
/// </summary>
/// <remarks>
/// An object is written to <c>.tmp</c> below the root, synced, closed, and only then given its name
/// (<see cref="LocalPublisher"/>); then its directory is synced, and the parent of every directory that was made for
/// it. The directory <c>.tmp</c> is also the mark by which a store is told from an empty mount point. No symbolic link
/// below the root is followed. All work is done inside the call; the tasks returned are complete.
/// <see cref="ObjectFacts.LastModified"/> is the time of the last byte written, not of the completion.
/// </remarks>
public sealed class LocalObjectStore : IObjectStore, IDisposable
{
    private readonly IFileSystem _files;
    private readonly LocalDirectories _directories;
    private readonly LocalPublisher _publisher;
    private readonly LocalReader _reader;
    private readonly LocalListing _listing;

    private LocalObjectStore(IFileSystem files, string root)
    {
        _files = files;
        _directories = new LocalDirectories(files, root);
        _publisher = new LocalPublisher(files, _directories);
        _reader = new LocalReader(files, _directories);
        _listing = new LocalListing(files, _directories);
    }

    public string Location => PosixPath.Display(_directories.Root);

    public StoreCapabilities Capabilities { get; } = new(CreateIfAbsent: true, Versions: false);

    /// <summary>Opens a store that exists.</summary>
    /// <exception cref="ObjectStoreException"><c>StoreUnavailable</c>: the directory or its mark is missing.</exception>
    public static LocalObjectStore Open(IFileSystem files, string root)
    {
        var store = new LocalObjectStore(files, root);
        store._directories.RequirePresent();
        return store;
    }

    /// <summary>
    /// Makes the directory a store, durably; it may exist already, also as a store. Its parent must exist: a missing one
    /// is more often a file system that is not mounted than one that is wanted.
    /// </summary>
    public static LocalObjectStore Create(IFileSystem files, string root)
    {
        var store = new LocalObjectStore(files, root);
        CreateDurably(files, root);
        CreateDurably(files, store._directories.Temporary);
        store._directories.RequirePresent();
        return store;
    }

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (condition == PutCondition.IfAbsent)
        {
            _directories.RequireNoLinkAbove(name.Value);
            if (_publisher.Settle(name))
            {
                return new(PutOutcome.AlreadyExists);
            }
        }

        using var file = CreateTemporary();
        var writer = new LocalObjectWriter(name, file, (written, how) => Publish(written, name, how));
        writer.Write(content.Span, cancellationToken);
        return new(writer.Complete(condition, cancellationToken));
    }

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new LocalObjectWriter(name, CreateTemporary(), (written, how) => Publish(written, name, how)));
    }

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        return new(_reader.Read(name, offset, buffer.Span));
    }

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _directories.RequireNoLinkAbove(name.Value);
        var path = _directories.PathOf(name);
        switch (_files.Stat(path))
        {
            case { Kind: FileKind.Regular } status:
                return new(LocalListing.FactsOf(name, status));
            case null or { Kind: FileKind.Directory }:
                _directories.RequirePresent();
                return new((ObjectFacts?)null);
            default:
                throw LocalFailures.Link(path);
        }
    }

    public async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var facts in _listing.Objects(prefix, cancellationToken))
        {
            yield return facts;
        }
    }

    public ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        return new(_listing.Children(prefix, cancellationToken));
    }

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(prefix, cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        _directories.RequirePresent();
        throw new ObjectNotFoundException(name, Location);
    }

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        DeleteManyAsync([name], cancellationToken);

    public ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            parents.Add(PosixPath.Parent(Remove(name)));
        }

        // Also when it was gone before: whoever removed it may have died before the removal was durable.
        foreach (var parent in parents)
        {
            if (_files.Stat(parent) is { Kind: FileKind.Directory })
            {
                _files.SyncDirectory(parent);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"{Location} keeps no versions");

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        cancellationToken.ThrowIfCancellationRequested();
        _directories.RequireNoLinkAbove(prefix);
        _directories.Settle(prefix);
        return ValueTask.CompletedTask;
    }

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        _directories.RequirePresent();
        return new(LocalSweep.Run(_files, _directories.Temporary, cancellationToken));
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>Not durably yet.</summary>
    /// <returns>Where it was.</returns>
    private string Remove(ObjectName name)
    {
        _directories.RequireNoLinkAbove(name.Value);
        var path = _directories.PathOf(name);
        _reader.Drop(name);
        try
        {
            _files.Delete(path);
        }
        catch (FileSystemException failure) when (failure.IsMissing || failure.Errno == Errno.IsDirectory)
        {
            _directories.RequirePresent();
        }

        return path;
    }

    private PutOutcome Publish(TemporaryFile file, ObjectName name, PutCondition condition)
    {
        var outcome = _publisher.Publish(file, name, condition);
        _reader.Drop(name);
        return outcome;
    }

    private TemporaryFile CreateTemporary()
    {
        try
        {
            return TemporaryFile.Create(_files, _directories.Temporary);
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
            _directories.RequirePresent();
            throw;
        }
    }

    private static void CreateDurably(IFileSystem files, string path)
    {
        try
        {
            files.CreateDirectory(path);
        }
        catch (FileSystemException failure) when (failure.Exists)
        {
            // Whether it is a directory is looked at when all is made.
        }

        files.SyncDirectory(PosixPath.Parent(path));
    }
}
