using System.Security.Cryptography;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Cli.Stores;

/// <summary>Makes a new key file.</summary>
internal static class KeyFileMaker
{
    private const int OwnerOnly = 0x180; // 0600

    /// <summary>
    /// Creates the file with random bytes; it is durable when the call returns. A repository must never depend on a key
    /// that a power loss can take away.
    /// </summary>
    public static void Create(IFileSystem files, string path)
    {
        var key = RandomNumberGenerator.GetBytes(KeyFileSecret.LeastBytes);
        try
        {
            using var file = files.Create(path, OwnerOnly);
            file.Write(key, 0);
            file.Sync();
            file.Close();
            files.SyncDirectory(Path.GetDirectoryName(path) ?? "/");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
