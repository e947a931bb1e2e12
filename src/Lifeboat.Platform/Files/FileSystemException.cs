using Lifeboat.Platform.Errors;

namespace Lifeboat.Platform.Files;

/// <summary>A failed call to the file system, with the <c>errno</c> it failed with.</summary>
public sealed class FileSystemException : LifeboatException
{
    public FileSystemException(int errno, string operation, string path, Exception? inner = null)
        : base(Describe(errno, operation, path), inner)
    {
        Errno = errno;
    }

    public int Errno { get; }

    public bool IsMissing => Errno is Files.Errno.NoEntry or Files.Errno.NotDirectory;

    public bool Exists => Errno == Files.Errno.Exists;

    private static Failure Describe(int errno, string operation, string path)
    {
        var (code, hint) = errno switch
        {
            Files.Errno.NoSpace or Files.Errno.Quota =>
                (ErrorCode.NoSpace, "Free space there or give another place, then run the same command again."),
            Files.Errno.Access or Files.Errno.NotPermitted =>
                (ErrorCode.Denied, "Run as a user who has access there, or give that user access."),
            Files.Errno.ReadOnly => (ErrorCode.Denied, "The file system is mounted read-only; remount it or use another."),
            Files.Errno.NoEntry or Files.Errno.NotDirectory => (ErrorCode.NotFound, "Check that the path is right."),
            Files.Errno.Io => (ErrorCode.StoreUnavailable, "The disk or mount reports an I/O error; see the kernel's log (dmesg)."),
            _ => (ErrorCode.StoreUnavailable, "See the kernel's log (dmesg) for the device or mount."),
        };
        return new Failure(
            code,
            operation,
            PosixPath.Display(path),
            Files.Errno.Describe(errno),
            Transient: errno is Files.Errno.Interrupted or Files.Errno.Again or Files.Errno.Stale or Files.Errno.TimedOut,
            hint);
    }
}
