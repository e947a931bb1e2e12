using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>What a map entry stands for. The numbers are part of the format.</summary>
public enum MapFileKind : byte
{
    Regular = 0,
    Directory = 1,

    /// <summary>A symbolic link in pg_tblspc; where it leads is in the manifest.</summary>
    TablespaceLink = 2,
}

/// <summary>The facts of one file at the moment of the backup.</summary>
/// <param name="Mode">Permission bits.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ModifiedNs">Nanoseconds since 1970-01-01 UTC.</param>
/// <param name="ChangedNs">Change of the inode, nanoseconds since 1970-01-01 UTC.</param>
/// <param name="Crc">CRC-32C of the content, from the bytes as they were read from the server.</param>
public sealed record FileFacts(
    MapFileKind Kind, int Mode, long Length, long ModifiedNs, long ChangedNs, ulong Inode, uint Crc)
{
    /// <summary>Permission bits, the three special ones included.</summary>
    internal const int GreatestMode = 0xFFF;

    /// <summary>
    /// Whether the CRC is not stored: it is that of the tags of the pages, each taken when its page was read, put together.
    /// Whoever reads a whole backup's map finds it filled in.
    /// </summary>
    public bool CrcFromTags { get; init; }

    /// <summary>Whether both say the same, whatever the CRCs are and wherever they stand.</summary>
    public bool IsBesideCrc(FileFacts other) =>
        this with { Crc = other.Crc, CrcFromTags = other.CrcFromTags } == other;

    internal void Write(ByteSink sink)
    {
        sink.Byte((byte)Kind);
        sink.Varint((ulong)Mode);
        sink.Varint(Length);
        sink.Int64(ModifiedNs);
        sink.Int64(ChangedNs);
        sink.UInt64(Inode);
        if (!CrcFromTags)
        {
            sink.UInt32(Crc);
        }
    }

    internal static FileFacts Read(ref ByteSource source, bool crcFromTags)
    {
        var kind = (MapFileKind)source.Byte();
        return kind <= MapFileKind.TablespaceLink
            ? new FileFacts(
                kind,
                source.VarintUpTo(GreatestMode, "a file's mode"),
                source.VarintLong("a file's length"),
                source.Int64(),
                source.Int64(),
                source.UInt64(),
                crcFromTags ? 0 : source.UInt32()) { CrcFromTags = crcFromTags }
            : throw new DecodingException($"a file is of the unknown kind {(byte)kind}");
    }
}
