using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Files;

/// <summary>statx(2), which gives the inode's change time in nanoseconds and one layout everywhere.</summary>
internal static unsafe class PosixStatus
{
    private const int KindMask = 0xF000;

    internal static FileStatus OfDescriptor(int fd, string path)
    {
        byte empty = 0;
        LibC.Statx raw;
        if (LibC.statx(fd, &empty, LibC.AtEmptyPath, LibC.StatxBasic, &raw) != 0)
        {
            throw new FileSystemException(Marshal.GetLastPInvokeError(), "stat", path);
        }

        return From(raw);
    }

    internal static FileStatus? OfPath(string path, bool followLinks)
    {
        LibC.Statx raw;
        fixed (byte* name = PosixFileSystem.Terminated(path))
        {
            var flags = followLinks ? 0 : LibC.AtSymlinkNoFollow;
            if (LibC.statx(LibC.AtFdCwd, name, flags, LibC.StatxBasic, &raw) == 0)
            {
                return From(raw);
            }
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.NoEntry or Errno.NotDirectory ? null : throw new FileSystemException(errno, "stat", path);
    }

    private static FileStatus From(in LibC.Statx raw) => new(
        (raw.Mode & KindMask) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.SymbolicLink,
            _ => FileKind.Other,
        },
        (long)raw.Size,
        raw.Mode & 0xFFF,
        raw.Owner,
        raw.Group,
        ((ulong)raw.DeviceMajor << 32) | raw.DeviceMinor,
        raw.Inode,
        (raw.ModifiedSeconds * 1_000_000_000) + raw.ModifiedNanoseconds,
        (raw.ChangedSeconds * 1_000_000_000) + raw.ChangedNanoseconds);
}
