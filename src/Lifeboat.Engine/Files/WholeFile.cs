using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Files;

/// <summary>Files that are read and written as one piece.</summary>
internal static class WholeFile
{
    /// <summary>All bytes of a regular file, links followed.</summary>
    /// <param name="limit">The most bytes that such a file can have; more is an error, never a longer answer.</param>
    /// <exception cref="LifeboatException">
    /// The file system's error (NotFound when it is missing); Usage when the file is longer than it can be.
    /// </exception>
    internal static byte[] Read(IFileSystem files, string path, long limit)
    {
        using var file = files.OpenRead(path);
        var length = file.Status().Size;
        if (length > limit)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "read",
                PosixPath.Display(path),
                $"it has {length} bytes, and such a file has at most {limit}",
                Hint: "Check the path."));
        }

        var content = LargeBuffer.Allocate((int)length);
        var read = file.Read(content, 0);
        return read == content.Length ? content : content[..read];
    }

    /// <summary>
    /// Writes the file beside its place, syncs it, renames it and syncs the directory: after a crash at any moment the old
    /// content or the new one is there. The owner is the directory's, so that root does not shut PostgreSQL out.
    /// </summary>
    internal static void Replace(IFileSystem files, string path, ReadOnlySpan<byte> content)
    {
        using var arriving = ArrivingFile.Create(files, path);
        arriving.Write(0, content);
        arriving.Complete(durable: true);
    }
}
