namespace Lifeboat.Platform.Files;

/// <summary>
/// The file system, as far as Lifeboat uses it. One implementation talks to the kernel (<see cref="PosixFileSystem"/>);
/// tests decorate it to fail any call, to lose what was not synced, or to count.
/// </summary>
/// <remarks>
/// Paths are strings in which every byte that is not part of valid UTF-8 is one lone low surrogate (U+DC80 to U+DCFF),
/// so that any name of the kernel's goes through unchanged (<see cref="PosixPath"/>). Every failure is a
/// <see cref="FileSystemException"/> with its <c>errno</c>. Nothing here follows a symbolic link in the last component
/// unless it says so.
/// </remarks>
public interface IFileSystem
{
    /// <summary>Opens an existing regular file for reading. Follows links.</summary>
    IFile OpenRead(string path);

    /// <summary>Opens an existing regular file for reading and writing. Never follows a link.</summary>
    IFile OpenWrite(string path);

    /// <summary>Creates a file that must not exist (<c>O_CREAT|O_EXCL</c>), for reading and writing.</summary>
    IFile Create(string path, int mode = 0x180 /* 0600 */);

    /// <summary>Status without following a link; null when nothing has this name (ENOENT or ENOTDIR).</summary>
    FileStatus? Stat(string path);

    /// <summary>Status after following links; null when nothing is there.</summary>
    FileStatus? StatTarget(string path);

    /// <summary>All names in a directory, ordinally sorted. An error half-way is an error, never a shorter list.</summary>
    IReadOnlyList<DirectoryEntry> List(string path);

    /// <summary>Creates one directory; its parent must exist. An existing one is an error (EEXIST).</summary>
    void CreateDirectory(string path, int mode = 0x1C0 /* 0700 */);

    /// <summary>Hard link; fails with EEXIST when <paramref name="newPath"/> exists: the atomic create-if-absent.</summary>
    void Link(string path, string newPath);

    /// <summary>Renames, replacing what has the new name.</summary>
    void Rename(string path, string newPath);

    void Delete(string path);

    void DeleteDirectory(string path);

    void CreateSymbolicLink(string target, string path);

    string ReadSymbolicLink(string path);

    /// <summary>fsync of the directory: after it, creations, links, renames and deletions in it survive power loss.</summary>
    void SyncDirectory(string path);

    void SetMode(string path, int mode);

    void SetOwner(string path, uint owner, uint group);

    void SetModifiedTime(string path, long modifiedNs);

    FileSystemSpace Space(string path);

    /// <summary>The absolute path with every link resolved.</summary>
    string RealPath(string path);
}

/// <summary>An open file. Positions are explicit; calls on one file may run at the same time on several threads.</summary>
public interface IFile : IDisposable
{
    string Path { get; }

    /// <summary>
    /// The kernel's number for this open file, by which <c>/proc/PID/fd</c> shows it; null when the kernel knows none.
    /// </summary>
    int? Descriptor => null;

    /// <summary>Reads until the buffer is full or the file ends. Returns the bytes read; fewer only at the end.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all of it or fails; a short write of the kernel's is continued.</summary>
    void Write(ReadOnlySpan<byte> buffer, long offset);

    /// <summary>Cuts or extends (with zeros) to this length in bytes.</summary>
    void SetLength(long length);

    /// <summary>fsync. After a failure the content is unknown: the file must be written anew, not synced again.</summary>
    void Sync();

    /// <summary>Asks the kernel to start writing this range back; never waits for it, promises nothing.</summary>
    void StartWriteback(long offset, long length);

    FileStatus Status();

    /// <summary>Takes an exclusive advisory lock that dies with the process; false when another holds it.</summary>
    bool TryLock();

    /// <summary>Closes, and reports an error of close(2), which <c>Dispose</c> swallows. Call it after writing.</summary>
    void Close();
}
