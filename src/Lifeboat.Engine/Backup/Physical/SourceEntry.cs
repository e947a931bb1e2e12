using Lifeboat.Platform.Files;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Something in the data directory that a backup describes.</summary>
/// <param name="Path">Relative to the data directory.</param>
/// <param name="Status">As it was when the directory was read.</param>
internal sealed record SourceEntry(string Path, MapFileKind Kind, FileStatus Status)
{
    internal byte[] PathBytes { get; } = PosixPath.Encode(Path);

    internal FileFacts FactsWith(long length, uint crc) =>
        new(Kind, Status.Mode, length, Status.ModifiedNs, Status.ChangedNs, Status.Inode, crc);
}
