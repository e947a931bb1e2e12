using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>One inode as <see cref="UnsyncedLossFileSystem"/> sees it: what it is now, and what of it is durable.</summary>
internal sealed class DurableNode
{
    private Dictionary<string, DurableNode> _durable = new(StringComparer.Ordinal);

    private DurableNode(FileKind kind, int mode)
    {
        Kind = kind;
        Mode = mode;
    }

    internal int Mode { get; set; }

    /// <summary>A file's content when it was last synced.</summary>
    internal byte[] Content { get; set; } = [];

    /// <summary>A directory's entries now.</summary>
    internal Dictionary<string, DurableNode> Live { get; } = new(StringComparer.Ordinal);

    private FileKind Kind { get; }

    private string Target { get; init; } = "";

    internal static DurableNode File(int mode, byte[] content) => new(FileKind.Regular, mode) { Content = content };

    internal static DurableNode Directory(int mode) => new(FileKind.Directory, mode);

    internal static DurableNode Link(string target) => new(FileKind.SymbolicLink, mode: 0) { Target = target };

    internal void SyncEntries() => _durable = new Dictionary<string, DurableNode>(Live, StringComparer.Ordinal);

    /// <summary>What is there already, taken as durable. Hard links stay one node.</summary>
    internal static DurableNode Load(IFileSystem files, string path, Dictionary<ulong, DurableNode> known)
    {
        var status = files.Stat(path)!.Value;
        if (known.TryGetValue(status.Inode, out var node))
        {
            return node;
        }

        switch (status.Kind)
        {
            case FileKind.Directory:
                node = Directory(status.Mode);
                foreach (var entry in files.List(path))
                {
                    node.Live[entry.Name] = Load(files, PosixPath.Combine(path, entry.Name), known);
                }

                node.SyncEntries();
                break;
            case FileKind.SymbolicLink:
                node = Link(files.ReadSymbolicLink(path));
                break;
            default:
                using (var file = files.OpenRead(path))
                {
                    node = File(status.Mode, new byte[status.Size]);
                    file.Read(node.Content, 0);
                }

                break;
        }

        known[status.Inode] = node;
        return node;
    }

    /// <summary>Writes what survives of a directory into the empty real one.</summary>
    internal void Restore(
        IFileSystem files, string path, UnsyncedLoss loss, Dictionary<DurableNode, string> written)
    {
        foreach (var (name, node) in loss == UnsyncedLoss.All ? _durable : Live)
        {
            node.RestoreAt(files, PosixPath.Combine(path, name), loss, written);
        }
    }

    internal static void Clear(IFileSystem files, string directory)
    {
        foreach (var entry in files.List(directory))
        {
            var path = PosixPath.Combine(directory, entry.Name);
            if (entry.Kind == FileKind.Directory)
            {
                Clear(files, path);
                files.DeleteDirectory(path);
            }
            else
            {
                files.Delete(path);
            }
        }
    }

    private void RestoreAt(
        IFileSystem files, string path, UnsyncedLoss loss, Dictionary<DurableNode, string> written)
    {
        switch (Kind)
        {
            case FileKind.Directory:
                files.CreateDirectory(path, Mode);
                Restore(files, path, loss, written);
                break;
            case FileKind.SymbolicLink:
                files.CreateSymbolicLink(Target, path);
                break;
            default:
                if (written.TryGetValue(this, out var other))
                {
                    files.Link(other, path);
                    break;
                }

                using (var file = files.Create(path, Mode))
                {
                    file.Write(Content, 0);
                }

                written[this] = path;
                break;
        }
    }
}
