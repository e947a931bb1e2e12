namespace Lifeboat.Platform.Files;

public enum FileKind
{
    Regular,
    Directory,
    SymbolicLink,
    Other,
}

/// <summary>What <c>lstat(2)</c> or <c>fstat(2)</c> says of a file.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits only (07777).</param>
/// <param name="ModifiedNs">Nanoseconds since 1970-01-01 UTC.</param>
/// <param name="ChangedNs">Change of the inode, nanoseconds since 1970-01-01 UTC.</param>
public readonly record struct FileStatus(
    FileKind Kind,
    long Size,
    int Mode,
    uint Owner,
    uint Group,
    ulong Device,
    ulong Inode,
    long ModifiedNs,
    long ChangedNs);

/// <summary>One name of a directory; never <c>.</c> or <c>..</c>.</summary>
public readonly record struct DirectoryEntry(string Name, FileKind Kind);

/// <summary>Bytes of a file system.</summary>
/// <param name="Free">Bytes that the caller may still use.</param>
public readonly record struct FileSystemSpace(long Total, long Free);
