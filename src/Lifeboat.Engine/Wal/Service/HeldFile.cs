using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Lends an open file to whoever opens its path: what is pushed is then read from the very file that is acknowledged,
/// whatever has its name meanwhile. The file stays its owner's.
/// </summary>
internal sealed class HeldFile(IFileSystem inner, string path, IFile held) : ForwardingFileSystem(inner)
{
    public override IFile OpenRead(string opened) => opened == path ? new Lent(held) : Inner.OpenRead(opened);

    private sealed class Lent(IFile inner) : ForwardingFile(inner)
    {
        public override void Close()
        {
        }

        public override void Dispose()
        {
        }
    }
}
