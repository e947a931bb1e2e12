using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Writes without waiting for the disk: for files that nobody believes once the service that wrote them has ended, and
/// so never after the machine did.
/// </summary>
internal sealed class UnsyncedFiles(IFileSystem inner) : ForwardingFileSystem(inner)
{
    public override IFile Create(string path, int mode = 0x180) => new Unsynced(Inner.Create(path, mode));

    public override void SyncDirectory(string path)
    {
    }

    private sealed class Unsynced(IFile inner) : ForwardingFile(inner)
    {
        public override void Sync()
        {
        }
    }
}
