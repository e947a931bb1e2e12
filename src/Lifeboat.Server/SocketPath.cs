using System.Text;
using Lifeboat.Platform.Files;

namespace Lifeboat.Server;

/// <summary>
/// The name by which a socket is bound or reached. The kernel takes 107 bytes; a longer path is shortened to one through
/// the open folder. Owns the folder's descriptor.
/// </summary>
internal sealed class SocketPath : IDisposable
{
    private int _folder = -1;

    internal unsafe SocketPath(string path)
    {
        var bytes = PosixPath.Encode(path);
        if (bytes.Length >= SocketC.PathBytes)
        {
            byte[] folder = [.. PosixPath.Encode(PosixPath.Parent(path)), 0];
            fixed (byte* name = folder)
            {
                _folder = SocketC.open(name, SocketC.PathOnlyCloseOnExec, 0);
            }

            bytes = Encoding.ASCII.GetBytes($"/proc/self/fd/{_folder}/{PosixPath.Name(path)}");
        }

        Bytes = bytes;
    }

    /// <summary>Without a terminating zero.</summary>
    internal byte[] Bytes { get; }

    public void Dispose()
    {
        if (_folder >= 0)
        {
            _ = SocketC.close(_folder);
            _folder = -1;
        }
    }
}
