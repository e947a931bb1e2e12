using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Lifeboat.Server;

/// <summary>
/// The calls of the C library behind <see cref="ServeClient"/>: a command that PostgreSQL starts once per segment
/// would pay more for loading the runtime's sockets than for all it says over one.
/// </summary>
internal static unsafe partial class SocketC
{
    internal const int FamilyUnix = 1;
    internal const int StreamCloseOnExec = 1 | 0x80000;
    internal const int LevelSocket = 1;
    internal const int PeerCredentials = 17;
    internal const int ReceiveTimeout = 20;
    internal const int SendTimeout = 21;
    internal const int NoSignal = 0x4000;
    internal const int PathOnlyCloseOnExec = 0x200000 | 0x80000;

    /// <summary>sun_path of struct sockaddr_un, the terminating zero included.</summary>
    internal const int PathBytes = 108;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int connect(int fd, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint send(int fd, byte* buffer, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recv(int fd, byte* buffer, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int open(byte* path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
