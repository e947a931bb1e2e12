using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Lifeboat.Platform.Files;

/// <summary>The calls of the C library that Lifeboat makes, 64-bit Linux. Paths are zero-terminated bytes.</summary>
internal static unsafe partial class LibC
{
    internal const int ReadOnly = 0;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int CloseOnExec = 0x80000;
    internal static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;
    internal static readonly int Directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    internal const int AtFdCwd = -100;
    internal const int AtSymlinkNoFollow = 0x100;
    internal const int AtEmptyPath = 0x1000;
    internal const uint StatxBasic = 0x7FF;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int open(byte* path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pread(int fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwrite(int fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(void* address, nint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sync_file_range(int fd, long offset, long count, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int statx(int fd, byte* path, int flags, uint mask, Statx* result);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mkdir(byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int link(byte* path, byte* newPath);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int rename(byte* path, byte* newPath);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unlink(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int rmdir(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int symlink(byte* target, byte* path);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint readlink(byte* path, byte* buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int chmod(byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int lchown(byte* path, uint owner, uint group);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int utimensat(int fd, byte* path, Timespec* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int statvfs(byte* path, StatVfs* result);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial byte* realpath(byte* path, byte* resolved);

    [LibraryImport("libc")]
    internal static partial void free(void* memory);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint opendir(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial byte* readdir(nint directory);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int closedir(nint directory);

    [LibraryImport("libc")]
    internal static partial uint geteuid();

    [LibraryImport("libc")]
    internal static partial int isatty(int fd);

    [LibraryImport("libc")]
    internal static partial uint getegid();

    /// <summary>struct timespec, 64 bit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    /// <summary>struct statx of the kernel's ABI: the same layout on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(20)] internal uint Owner;
        [FieldOffset(24)] internal uint Group;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal ulong Size;
        [FieldOffset(96)] internal long ChangedSeconds;
        [FieldOffset(104)] internal uint ChangedNanoseconds;
        [FieldOffset(112)] internal long ModifiedSeconds;
        [FieldOffset(120)] internal uint ModifiedNanoseconds;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    /// <summary>struct statvfs of glibc, 64 bit.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 112)]
    internal struct StatVfs
    {
        [FieldOffset(8)] internal ulong FragmentSize;
        [FieldOffset(16)] internal ulong Blocks;
        [FieldOffset(32)] internal ulong Available;
    }
}
