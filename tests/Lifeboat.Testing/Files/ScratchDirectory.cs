using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>A new directory under the system's temporary one; removed with all in it on disposal.</summary>
public sealed class ScratchDirectory : IDisposable
{
    private static readonly IFileSystem Files = PosixFileSystem.Instance;

    public ScratchDirectory()
        : this(System.IO.Path.GetTempPath())
    {
    }

    private ScratchDirectory(string parent)
    {
        Path = PosixPath.Combine(Files.RealPath(parent), $"lifeboat-test-{Guid.NewGuid():N}");
        Files.CreateDirectory(Path);
    }

    /// <summary>Absolute, without links.</summary>
    public string Path { get; }

    /// <summary>One that no disk slows down, where there is such a place: for loops that model durability.</summary>
    public static ScratchDirectory InMemory()
    {
        const string sharedMemory = "/dev/shm";
        return Files.Stat(sharedMemory) is { Kind: FileKind.Directory }
            ? new ScratchDirectory(sharedMemory)
            : new ScratchDirectory();
    }

    public string Combine(string name) => PosixPath.Combine(Path, name);

    /// <summary>The entries of a directory below this one.</summary>
    public IReadOnlyList<DirectoryEntry> List(string name) => Files.List(Combine(name));

    public void Dispose()
    {
        DurableNode.Clear(Files, Path);
        Files.DeleteDirectory(Path);
    }
}
