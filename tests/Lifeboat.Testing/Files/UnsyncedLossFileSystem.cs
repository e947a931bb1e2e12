using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>What a power loss takes.</summary>
public enum UnsyncedLoss
{
    /// <summary>Everything that was not synced: contents and directory entries.</summary>
    All,

    /// <summary>
    /// Contents only: the entries of all directories reached the disk by themselves (a journal was committed), the data
    /// behind them did not. A file that was renamed or linked without a sync before has its name and no bytes.
    /// </summary>
    Contents,
}

/// <summary>
/// A file system over one real directory that remembers what would survive if the power went now, and at
/// <see cref="PowerLoss"/> puts the directory into that state.
/// </summary>
/// <remarks>
/// <para>The model. A file's content survives as it was when the file was last synced; one never synced is empty. A
/// directory's entries (files, further links, renames, deletions, directories, symbolic links) survive as they were
/// when that directory was last synced. A rename between two directories is two independent changes: it can leave both
/// names, or none. A directory whose own entry is lost takes all below with it. Modes survive as last set; owners and
/// times do not. What is in the directory at the start is durable. Nothing is really synced, which makes it
/// quick.</para>
/// <para>Paths must be absolute; links above the last component are followed. What is not below the root can only be
/// read. After the loss every operation fails with EIO: the process that used it is dead. Reopen the directory with
/// another file system.</para>
/// </remarks>
public sealed class UnsyncedLossFileSystem : IFileSystem
{
    private readonly IFileSystem _inner;
    private readonly string _root;
    private readonly Lock _lock = new();
    private readonly DurableNode _tree;
    private bool _off;

    public UnsyncedLossFileSystem(IFileSystem inner, string root)
    {
        _inner = inner;
        _root = inner.RealPath(root);
        _tree = DurableNode.Load(inner, _root, new Dictionary<ulong, DurableNode>());
    }

    public IFile OpenRead(string path)
    {
        lock (_lock)
        {
            var file = _inner.OpenRead(Alive(path));
            var real = _inner.RealPath(path);
            return IsBelow(real) ? Opened(file, real) : file;
        }
    }

    public IFile OpenWrite(string path)
    {
        lock (_lock)
        {
            return Opened(_inner.OpenWrite(Alive(path)), path);
        }
    }

    public IFile Create(string path, int mode = 0x180)
    {
        lock (_lock)
        {
            var file = _inner.Create(Alive(path), mode);
            Directory(path).Live[PosixPath.Name(path)] = DurableNode.File(mode, content: []);
            return Opened(file, path);
        }
    }

    public FileStatus? Stat(string path) => _inner.Stat(Alive(path));

    public FileStatus? StatTarget(string path) => _inner.StatTarget(Alive(path));

    public IReadOnlyList<DirectoryEntry> List(string path) => _inner.List(Alive(path));

    public void CreateDirectory(string path, int mode = 0x1C0)
    {
        lock (_lock)
        {
            _inner.CreateDirectory(Alive(path), mode);
            Directory(path).Live[PosixPath.Name(path)] = DurableNode.Directory(mode);
        }
    }

    public void Link(string path, string newPath)
    {
        lock (_lock)
        {
            _inner.Link(Alive(path), newPath);
            Directory(newPath).Live[PosixPath.Name(newPath)] = Find(path);
        }
    }

    public void Rename(string path, string newPath)
    {
        lock (_lock)
        {
            _inner.Rename(Alive(path), newPath);
            var node = Find(path);
            Directory(path).Live.Remove(PosixPath.Name(path));
            Directory(newPath).Live[PosixPath.Name(newPath)] = node;
        }
    }

    public void Delete(string path)
    {
        lock (_lock)
        {
            _inner.Delete(Alive(path));
            Directory(path).Live.Remove(PosixPath.Name(path));
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (_lock)
        {
            _inner.DeleteDirectory(Alive(path));
            Directory(path).Live.Remove(PosixPath.Name(path));
        }
    }

    public void CreateSymbolicLink(string target, string path)
    {
        lock (_lock)
        {
            _inner.CreateSymbolicLink(target, Alive(path));
            Directory(path).Live[PosixPath.Name(path)] = DurableNode.Link(target);
        }
    }

    public string ReadSymbolicLink(string path) => _inner.ReadSymbolicLink(Alive(path));

    public void SyncDirectory(string path)
    {
        lock (_lock)
        {
            if (_inner.Stat(Alive(path)) is not { Kind: FileKind.Directory })
            {
                throw new FileSystemException(Errno.NoEntry, "open directory", path);
            }

            Find(path).SyncEntries();
        }
    }

    public void SetMode(string path, int mode)
    {
        lock (_lock)
        {
            _inner.SetMode(Alive(path), mode);
            Find(path).Mode = mode;
        }
    }

    public void SetOwner(string path, uint owner, uint group) => _inner.SetOwner(Alive(path), owner, group);

    public void SetModifiedTime(string path, long modifiedNs) => _inner.SetModifiedTime(Alive(path), modifiedNs);

    public FileSystemSpace Space(string path) => _inner.Space(Alive(path));

    public string RealPath(string path) => _inner.RealPath(Alive(path));

    /// <summary>Cuts the power: rewrites the directory to what survives. Nothing works through this any more.</summary>
    public void PowerLoss(UnsyncedLoss loss = UnsyncedLoss.All)
    {
        lock (_lock)
        {
            _off = true;
            DurableNode.Clear(_inner, _root);
            _tree.Restore(_inner, _root, loss, new Dictionary<DurableNode, string>());
        }
    }

    /// <summary>The file's content is durable from here on.</summary>
    internal void Synced(DurableNode node, IFile file)
    {
        lock (_lock)
        {
            Alive(file.Path);
            node.Content = new byte[checked((int)file.Status().Size)];
            file.Read(node.Content, 0);
        }
    }

    internal string Alive(string path) =>
        _off ? throw new FileSystemException(Errno.Io, "(power lost) use", path) : path;

    private UnsyncedLossFile Opened(IFile file, string path)
    {
        try
        {
            return new UnsyncedLossFile(this, file, Find(path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private DurableNode Directory(string path) => FindReal(_inner.RealPath(PosixPath.Parent(path)));

    private DurableNode Find(string path) => path == _root
        ? _tree
        : FindReal(PosixPath.Combine(_inner.RealPath(PosixPath.Parent(path)), PosixPath.Name(path)));

    private bool IsBelow(string path) => path.StartsWith(_root + "/", StringComparison.Ordinal);

    private DurableNode FindReal(string path)
    {
        if (path == _root)
        {
            return _tree;
        }

        if (!IsBelow(path))
        {
            throw new ArgumentException($"'{path}' is not below '{_root}'", nameof(path));
        }

        return path[(_root.Length + 1)..].Split('/').Aggregate(_tree, static (node, name) => node.Live[name]);
    }
}
