using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Files;

/// <summary>The kernel's file system. Stateless: one instance serves everybody.</summary>
public sealed unsafe class PosixFileSystem : IFileSystem
{
    public static PosixFileSystem Instance { get; } = new();

    /// <summary>Effective user id of this process; 0 is root.</summary>
    public static uint EffectiveUser => LibC.geteuid();

    public static uint EffectiveGroup => LibC.getegid();

    /// <summary>Whether a person may be looking at what is written to this descriptor of the process.</summary>
    public static bool IsTerminal(int descriptor) => LibC.isatty(descriptor) == 1;

    public IFile OpenRead(string path) => Open(path, LibC.ReadOnly, 0, "open");

    public IFile OpenWrite(string path) => Open(path, LibC.ReadWrite | LibC.NoFollow, 0, "open for writing");

    public IFile Create(string path, int mode = 0x180) =>
        Open(path, LibC.ReadWrite | LibC.Create | LibC.Exclusive | LibC.NoFollow, mode, "create");

    public FileStatus? Stat(string path) => PosixStatus.OfPath(path, followLinks: false);

    public FileStatus? StatTarget(string path) => PosixStatus.OfPath(path, followLinks: true);

    public IReadOnlyList<DirectoryEntry> List(string path) => PosixListing.Read(this, path);

    public void CreateDirectory(string path, int mode = 0x1C0)
    {
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.mkdir(name, mode), "create directory", path);
        }
    }

    public void Link(string path, string newPath)
    {
        fixed (byte* from = Terminated(path), to = Terminated(newPath))
        {
            Check(LibC.link(from, to), "link", newPath);
        }
    }

    public void Rename(string path, string newPath)
    {
        fixed (byte* from = Terminated(path), to = Terminated(newPath))
        {
            Check(LibC.rename(from, to), "rename", newPath);
        }
    }

    public void Delete(string path)
    {
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.unlink(name), "delete", path);
        }
    }

    public void DeleteDirectory(string path)
    {
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.rmdir(name), "delete directory", path);
        }
    }

    public void CreateSymbolicLink(string target, string path)
    {
        fixed (byte* to = Terminated(target), name = Terminated(path))
        {
            Check(LibC.symlink(to, name), "create symbolic link", path);
        }
    }

    public string ReadSymbolicLink(string path)
    {
        var buffer = new byte[4096];
        fixed (byte* name = Terminated(path), start = buffer)
        {
            var length = LibC.readlink(name, start, buffer.Length);
            return length < 0
                ? throw new FileSystemException(Marshal.GetLastPInvokeError(), "read symbolic link", path)
                : PosixPath.Decode(buffer.AsSpan(0, (int)length));
        }
    }

    public void SyncDirectory(string path)
    {
        using var directory = Open(path, LibC.ReadOnly | LibC.Directory, 0, "open directory");
        directory.Sync();
        directory.Close();
    }

    public void SetMode(string path, int mode)
    {
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.chmod(name, mode), "set the mode of", path);
        }
    }

    public void SetOwner(string path, uint owner, uint group)
    {
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.lchown(name, owner, group), "set the owner of", path);
        }
    }

    public void SetModifiedTime(string path, long modifiedNs)
    {
        const long keep = (1L << 30) - 2; // UTIME_OMIT
        var times = stackalloc LibC.Timespec[2];
        times[0] = new LibC.Timespec { Nanoseconds = keep };
        times[1] = new LibC.Timespec
        {
            Seconds = Math.DivRem(modifiedNs, 1_000_000_000, out var rest) - (rest < 0 ? 1 : 0),
            Nanoseconds = rest < 0 ? rest + 1_000_000_000 : rest,
        };
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.utimensat(LibC.AtFdCwd, name, times, LibC.AtSymlinkNoFollow), "set the time of", path);
        }
    }

    public FileSystemSpace Space(string path)
    {
        LibC.StatVfs raw;
        fixed (byte* name = Terminated(path))
        {
            Check(LibC.statvfs(name, &raw), "ask the free space of", path);
        }

        return new FileSystemSpace((long)(raw.Blocks * raw.FragmentSize), (long)(raw.Available * raw.FragmentSize));
    }

    public string RealPath(string path)
    {
        fixed (byte* name = Terminated(path))
        {
            var resolved = LibC.realpath(name, null);
            if (resolved is null)
            {
                throw new FileSystemException(Marshal.GetLastPInvokeError(), "resolve", path);
            }

            var text = PosixPath.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved));
            LibC.free(resolved);
            return text;
        }
    }

    internal static byte[] Terminated(string path)
    {
        var bytes = PosixPath.Encode(path);
        Array.Resize(ref bytes, bytes.Length + 1);
        return bytes;
    }

    private static PosixFile Open(string path, int flags, int mode, string operation)
    {
        fixed (byte* name = Terminated(path))
        {
            while (true)
            {
                var fd = LibC.open(name, flags | LibC.CloseOnExec, mode);
                if (fd >= 0)
                {
                    return new PosixFile(fd, path);
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.Interrupted)
                {
                    throw new FileSystemException(errno, operation, path);
                }
            }
        }
    }

    private static void Check(int result, string operation, string path)
    {
        if (result != 0)
        {
            throw new FileSystemException(Marshal.GetLastPInvokeError(), operation, path);
        }
    }
}
