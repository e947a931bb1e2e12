using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>
/// A file system that counts every operation, keeps the trace of them, and fails the one it was told to. Disposing a
/// file and <c>StartWriteback</c>, which promise nothing, are passed on uncounted.
/// </summary>
public sealed class FaultyFileSystem : IFileSystem
{
    private readonly IFileSystem _inner;
    private readonly FileFault? _fault;
    private readonly FaultCounter _counter = new();

    /// <param name="fault">Null: only count.</param>
    public FaultyFileSystem(IFileSystem inner, FileFault? fault = null)
    {
        _inner = inner;
        _fault = fault;
    }

    /// <summary>Whether the planned fault was reached.</summary>
    public bool Struck => _counter.Struck;

    /// <summary>Operations that the fault concerns, so far.</summary>
    public long Count => _counter.Count;

    /// <summary>Every operation with its path, in order; the failed ones are marked.</summary>
    public IReadOnlyList<string> Trace => _counter.Trace;

    public IFile OpenRead(string path) => Open(FileOperation.OpenRead, path, () => _inner.OpenRead(path));

    public IFile OpenWrite(string path) => Open(FileOperation.OpenWrite, path, () => _inner.OpenWrite(path));

    public IFile Create(string path, int mode = 0x180) =>
        Open(FileOperation.Create, path, () => _inner.Create(path, mode));

    public FileStatus? Stat(string path) => Ask(FileOperation.Stat, path, () => _inner.Stat(path));

    public FileStatus? StatTarget(string path) =>
        Ask(FileOperation.StatTarget, path, () => _inner.StatTarget(path));

    public IReadOnlyList<DirectoryEntry> List(string path) =>
        Ask(FileOperation.List, path, () => _inner.List(path));

    public void CreateDirectory(string path, int mode = 0x1C0) =>
        Do(FileOperation.CreateDirectory, path, () => _inner.CreateDirectory(path, mode));

    public void Link(string path, string newPath) =>
        Do(FileOperation.Link, newPath, () => _inner.Link(path, newPath));

    public void Rename(string path, string newPath) =>
        Do(FileOperation.Rename, newPath, () => _inner.Rename(path, newPath));

    public void Delete(string path) => Do(FileOperation.Delete, path, () => _inner.Delete(path));

    public void DeleteDirectory(string path) =>
        Do(FileOperation.DeleteDirectory, path, () => _inner.DeleteDirectory(path));

    public void CreateSymbolicLink(string target, string path) =>
        Do(FileOperation.CreateSymbolicLink, path, () => _inner.CreateSymbolicLink(target, path));

    public string ReadSymbolicLink(string path) =>
        Ask(FileOperation.ReadSymbolicLink, path, () => _inner.ReadSymbolicLink(path));

    public void SyncDirectory(string path) =>
        Do(FileOperation.SyncDirectory, path, () => _inner.SyncDirectory(path));

    public void SetMode(string path, int mode) =>
        Do(FileOperation.SetMode, path, () => _inner.SetMode(path, mode));

    public void SetOwner(string path, uint owner, uint group) =>
        Do(FileOperation.SetOwner, path, () => _inner.SetOwner(path, owner, group));

    public void SetModifiedTime(string path, long modifiedNs) =>
        Do(FileOperation.SetModifiedTime, path, () => _inner.SetModifiedTime(path, modifiedNs));

    public FileSystemSpace Space(string path) => Ask(FileOperation.Space, path, () => _inner.Space(path));

    public string RealPath(string path) => Ask(FileOperation.RealPath, path, () => _inner.RealPath(path));

    /// <summary>Counts one operation; null when it goes well, else when it has to fail.</summary>
    internal FaultMoment? Enter(FileOperation operation, string path) =>
        _counter.Enter(
            $"{operation} {PosixPath.Display(path)}",
            _fault?.Concerns?.Invoke(operation, path) ?? true,
            _fault?.At,
            _fault?.ForGood ?? false)
            ? _fault!.Moment
            : null;

    internal FileSystemException Failure(FileOperation operation, string path) =>
        new(_fault!.Errno, $"(injected) {operation}", path);

    internal void Do(FileOperation operation, string path, Action action) =>
        Ask(
            operation,
            path,
            () =>
            {
                action();
                return true;
            });

    internal T Ask<T>(FileOperation operation, string path, Func<T> ask)
    {
        var moment = Enter(operation, path);
        if (moment == FaultMoment.Before)
        {
            throw Failure(operation, path);
        }

        var answer = ask();
        return moment is null ? answer : throw Failure(operation, path);
    }

    private FaultyFile Open(FileOperation operation, string path, Func<IFile> open)
    {
        var moment = Enter(operation, path);
        if (moment == FaultMoment.Before)
        {
            throw Failure(operation, path);
        }

        var file = open();
        if (moment is null)
        {
            return new FaultyFile(this, file);
        }

        file.Dispose();
        throw Failure(operation, path);
    }
}
