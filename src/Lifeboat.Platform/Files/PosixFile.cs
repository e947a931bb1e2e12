using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Files;

/// <summary>An open file of the kernel's. Owns its descriptor.</summary>
internal sealed unsafe class PosixFile : IFile
{
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const uint SyncFileRangeWrite = 2;

    /// <summary>
    /// Bytes of one write. The kernel looks for memory in pieces as large as a write, and on a virtual machine large pieces
    /// are those that the host has to provide first: with 256 KiB a restore took up to twice the time.
    /// </summary>
    private const int WriteSize = 64 << 10;

    private int _fd;

    internal PosixFile(int fd, string path)
    {
        _fd = fd;
        Path = path;
    }

    ~PosixFile() => Dispose();

    public string Path { get; }

    public int? Descriptor => _fd;

    public int Read(Span<byte> buffer, long offset)
    {
        var done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                var read = LibC.pread(_fd, start + done, buffer.Length - done, offset + done);
                if (read == 0)
                {
                    break;
                }

                if (read < 0)
                {
                    ThrowUnlessInterrupted("read");
                    continue;
                }

                done += (int)read;
            }
        }

        return done;
    }

    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        var done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                var written = LibC.pwrite(_fd, start + done, Math.Min(WriteSize, buffer.Length - done), offset + done);
                if (written < 0)
                {
                    ThrowUnlessInterrupted("write");
                    continue;
                }

                done += (int)written;
            }
        }
    }

    public void SetLength(long length)
    {
        while (LibC.ftruncate(_fd, length) != 0)
        {
            ThrowUnlessInterrupted("set the length of");
        }
    }

    public void Sync()
    {
        while (LibC.fsync(_fd) != 0)
        {
            ThrowUnlessInterrupted("sync");
        }
    }

    public void StartWriteback(long offset, long length) =>
        _ = LibC.sync_file_range(_fd, offset, length, SyncFileRangeWrite);

    public FileStatus Status() => PosixStatus.OfDescriptor(_fd, Path);

    public bool TryLock()
    {
        while (LibC.flock(_fd, LockExclusive | LockNonBlocking) != 0)
        {
            if (Marshal.GetLastPInvokeError() == Errno.Again)
            {
                return false;
            }

            ThrowUnlessInterrupted("lock");
        }

        return true;
    }

    public void Close()
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        GC.SuppressFinalize(this);
        // Linux frees the descriptor even when close fails, so there is nothing to repeat.
        if (fd >= 0 && LibC.close(fd) != 0 && Marshal.GetLastPInvokeError() is var errno && errno != Errno.Interrupted)
        {
            throw new FileSystemException(errno, "close", Path);
        }
    }

    public void Dispose()
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        GC.SuppressFinalize(this);
        if (fd >= 0)
        {
            _ = LibC.close(fd);
        }
    }

    private void ThrowUnlessInterrupted(string operation)
    {
        var errno = Marshal.GetLastPInvokeError();
        if (errno != Errno.Interrupted)
        {
            throw new FileSystemException(errno, operation, Path);
        }
    }
}
