using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>A new directory under the system's temporary one; removed with all in it on disposal.</summary>
public sealed class ScratchDirectory : IDisposable
{
    private static readonly IFileSystem Files = PosixFileSystem.Instance;

    public ScratchDirectory()
    {
        Path = PosixPath.Combine(
            Files.RealPath(System.IO.Path.GetTempPath()), $"lifeboat-test-{Guid.NewGuid():N}");
        Files.CreateDirectory(Path);
    }

    /// <summary>Absolute, without links.</summary>
    public string Path { get; }

    public string Combine(string name) => PosixPath.Combine(Path, name);

    /// <summary>The entries of a directory below this one.</summary>
    public IReadOnlyList<DirectoryEntry> List(string name) => Files.List(Combine(name));

    public void Dispose()
    {
        DurableNode.Clear(Files, Path);
        Files.DeleteDirectory(Path);
    }
}
