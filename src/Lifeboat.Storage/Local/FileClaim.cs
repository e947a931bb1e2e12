using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>
/// An advisory lock on a file that still has its name. The lock alone says nothing: between opening and locking, the
/// earlier holder may have removed the name, and then the lock is on a file that nobody will ever find again.
/// </summary>
internal static class FileClaim
{
    /// <summary>Takes the lock without waiting; false when another holds it or the file has lost its name.</summary>
    internal static bool TryTake(IFileSystem files, IFile file) =>
        file.TryLock() && files.Stat(file.Path) is { } named && IsSame(named, file.Status());

    internal static bool IsSame(FileStatus a, FileStatus b) => a.Device == b.Device && a.Inode == b.Inode;

    /// <summary>Whether the lock failed because this mount knows no locks, rather than by a fault.</summary>
    internal static bool IsUnsupported(FileSystemException failure) =>
        failure.Errno is Errno.NoLocks or Errno.NotImplemented or Errno.NotSupported;
}
