using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Files;

/// <summary>readdir(3) with raw names; .NET's own enumeration would replace bytes that are not UTF-8.</summary>
internal static unsafe class PosixListing
{
    // struct dirent of glibc, 64 bit: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name.
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    internal static IReadOnlyList<DirectoryEntry> Read(PosixFileSystem files, string path)
    {
        nint directory;
        fixed (byte* name = PosixFileSystem.Terminated(path))
        {
            directory = LibC.opendir(name);
        }

        if (directory == 0)
        {
            throw new FileSystemException(Marshal.GetLastPInvokeError(), "list", path);
        }

        try
        {
            var entries = ReadAll(files, path, directory);
            entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return entries;
        }
        finally
        {
            _ = LibC.closedir(directory);
        }
    }

    private static List<DirectoryEntry> ReadAll(PosixFileSystem files, string path, nint directory)
    {
        var entries = new List<DirectoryEntry>();
        while (true)
        {
            // readdir tells its end from its failure only by errno; the marshaller clears it before the call.
            Marshal.SetLastSystemError(0);
            var entry = LibC.readdir(directory);
            if (entry is null)
            {
                var errno = Marshal.GetLastPInvokeError();
                return errno == 0 ? entries : throw new FileSystemException(errno, "list", path);
            }

            var raw = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + NameOffset);
            if (raw.SequenceEqual("."u8) || raw.SequenceEqual(".."u8))
            {
                continue;
            }

            var name = PosixPath.Decode(raw);
            if (KindOf(entry[TypeOffset]) is { } kind)
            {
                entries.Add(new DirectoryEntry(name, kind));
            }
            else if (files.Stat(PosixPath.Combine(path, name)) is { } status)
            {
                // DT_UNKNOWN: this file system does not say; a name that has gone meanwhile is no entry.
                entries.Add(new DirectoryEntry(name, status.Kind));
            }
        }
    }

    private static FileKind? KindOf(byte type) => type switch
    {
        0 => null,
        4 => FileKind.Directory,
        8 => FileKind.Regular,
        10 => FileKind.SymbolicLink,
        _ => FileKind.Other,
    };
}
