using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Files;

/// <summary>Error numbers of Linux, asm-generic values (the same on x86-64 and arm64).</summary>
public static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int Io = 5;
    public const int Again = 11;
    public const int Access = 13;
    public const int Exists = 17;
    public const int CrossDevice = 18;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;
    public const int TooManyLinks = 31;
    public const int NameTooLong = 36;
    public const int NoLocks = 37;
    public const int NotImplemented = 38;
    public const int NotEmpty = 39;
    public const int Loop = 40;
    public const int NotSupported = 95;
    public const int TimedOut = 110;
    public const int Stale = 116;
    public const int Quota = 122;

    /// <summary>The words of strerror(3) with the number: <c>No space left on device (errno 28)</c>.</summary>
    public static string Describe(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
}
