using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Options;

/// <summary>Small files that a user names: configuration, keys, passphrases.</summary>
internal static class PlainFile
{
    /// <summary>More than any of them can need; a device or a wrong path does not fill the memory.</summary>
    private const int MostBytes = 1 << 20;

    /// <summary>The whole content.</summary>
    /// <exception cref="FileSystemException">It cannot be read.</exception>
    public static byte[] Read(IFileSystem files, string path)
    {
        using var file = files.OpenRead(path);
        var size = file.Status().Size;
        var content = new byte[size is > 0 and < MostBytes ? size : MostBytes];
        var read = file.Read(content, 0);
        if (read == MostBytes)
        {
            throw UsageError.Of(
                "read a file", PosixPath.Display(path), "it is larger than 1 MiB", "Check that the path is right.");
        }

        return content.AsSpan(0, read).ToArray();
    }
}
