using Lifeboat.Platform.Files;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Something in the data directory that a backup describes.</summary>
/// <param name="Path">Relative to the data directory.</param>
/// <param name="Status">As it was when the directory was read.</param>
internal sealed record SourceEntry(string Path, MapFileKind Kind, FileStatus Status)
{
    internal byte[] PathBytes { get; } = PosixPath.Encode(Path);

    /// <summary>Of a file whose content was not all read: the CRC follows from its pages' tags.</summary>
    internal FileFacts FactsFromTags() => FactsWith(Status.Size, 0) with { CrcFromTags = true };

    /// <summary>Whether everything is as in these facts but what the content is.</summary>
    internal bool IsAs(FileFacts facts) =>
        FactsWith(Kind == MapFileKind.Regular ? Status.Size : 0, crc: 0).IsBesideCrc(facts);

    internal FileFacts FactsWith(long length, uint crc) =>
        new(Kind, Status.Mode, length, Status.ModifiedNs, Status.ChangedNs, Status.Inode, crc);
}
