namespace Lifeboat.Platform.Files;

/// <summary>A file system that passes every call on; a decorator overrides what it changes.</summary>
public abstract class ForwardingFileSystem(IFileSystem inner) : IFileSystem
{
    protected IFileSystem Inner { get; } = inner;

    public virtual IFile OpenRead(string path) => Inner.OpenRead(path);

    public virtual IFile OpenWrite(string path) => Inner.OpenWrite(path);

    public virtual IFile Create(string path, int mode = 0x180) => Inner.Create(path, mode);

    public virtual FileStatus? Stat(string path) => Inner.Stat(path);

    public virtual FileStatus? StatTarget(string path) => Inner.StatTarget(path);

    public virtual IReadOnlyList<DirectoryEntry> List(string path) => Inner.List(path);

    public virtual void CreateDirectory(string path, int mode = 0x1C0) => Inner.CreateDirectory(path, mode);

    public virtual void Link(string path, string newPath) => Inner.Link(path, newPath);

    public virtual void Rename(string path, string newPath) => Inner.Rename(path, newPath);

    public virtual void Delete(string path) => Inner.Delete(path);

    public virtual void DeleteDirectory(string path) => Inner.DeleteDirectory(path);

    public virtual void CreateSymbolicLink(string target, string path) => Inner.CreateSymbolicLink(target, path);

    public virtual string ReadSymbolicLink(string path) => Inner.ReadSymbolicLink(path);

    public virtual void SyncDirectory(string path) => Inner.SyncDirectory(path);

    public virtual void SetMode(string path, int mode) => Inner.SetMode(path, mode);

    public virtual void SetOwner(string path, uint owner, uint group) => Inner.SetOwner(path, owner, group);

    public virtual void SetModifiedTime(string path, long modifiedNs) => Inner.SetModifiedTime(path, modifiedNs);

    public virtual FileSystemSpace Space(string path) => Inner.Space(path);

    public virtual string RealPath(string path) => Inner.RealPath(path);
}

/// <summary>A file that passes every call on to another one, which it owns.</summary>
public abstract class ForwardingFile(IFile inner) : IFile
{
    protected IFile Inner { get; } = inner;

    public virtual string Path => Inner.Path;

    public virtual int? Descriptor => Inner.Descriptor;

    public virtual int Read(Span<byte> buffer, long offset) => Inner.Read(buffer, offset);

    public virtual void Write(ReadOnlySpan<byte> buffer, long offset) => Inner.Write(buffer, offset);

    public virtual void SetLength(long length) => Inner.SetLength(length);

    public virtual void Sync() => Inner.Sync();

    public virtual void StartWriteback(long offset, long length) => Inner.StartWriteback(offset, length);

    public virtual FileStatus Status() => Inner.Status();

    public virtual bool TryLock() => Inner.TryLock();

    public virtual void Close() => Inner.Close();

    public virtual void Dispose() => Inner.Dispose();
}
