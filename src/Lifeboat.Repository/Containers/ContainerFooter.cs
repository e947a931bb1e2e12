using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Containers;

/// <summary>The last 32 bytes of every object: where its directory is, and how long the whole must be.</summary>
/// <param name="DirectoryOffset">Bytes from the object's start.</param>
/// <param name="DirectoryLength">Bytes of the whole directory frame.</param>
/// <param name="Frames">Frames, the directory included.</param>
/// <param name="ObjectLength">Bytes of the whole object.</param>
internal readonly record struct ContainerFooter(long DirectoryOffset, int DirectoryLength, int Frames, long ObjectLength)
{
    private const int LengthAt = 8;
    private const int FramesAt = 12;
    private const int ObjectLengthAt = 16;
    private const int MagicAt = 24;
    private const int CrcAt = 28;

    private static ReadOnlySpan<byte> Magic => "TAOB"u8;

    internal void Write(Span<byte> footer)
    {
        BinaryPrimitives.WriteInt64LittleEndian(footer, DirectoryOffset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[LengthAt..], DirectoryLength);
        BinaryPrimitives.WriteInt32LittleEndian(footer[FramesAt..], Frames);
        BinaryPrimitives.WriteInt64LittleEndian(footer[ObjectLengthAt..], ObjectLength);
        Magic.CopyTo(footer[MagicAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[CrcAt..], Crc32C.Compute(footer[..CrcAt]));
    }

    internal static ContainerFooter Read(ReadOnlySpan<byte> footer, long objectLength)
    {
        if (!footer[MagicAt..CrcAt].SequenceEqual(Magic))
        {
            throw new DecodingException("its end is missing: it was cut off or overwritten");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(footer[CrcAt..]) != Crc32C.Compute(footer[..CrcAt]))
        {
            throw new DecodingException("the checksum of its footer does not hold");
        }

        var read = new ContainerFooter(
            BinaryPrimitives.ReadInt64LittleEndian(footer),
            BinaryPrimitives.ReadInt32LittleEndian(footer[LengthAt..]),
            BinaryPrimitives.ReadInt32LittleEndian(footer[FramesAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(footer[ObjectLengthAt..]));
        if (read.ObjectLength != objectLength)
        {
            throw new DecodingException($"it has {objectLength} bytes in place of {read.ObjectLength}");
        }

        return read.DirectoryOffset >= ContainerLimits.HeaderSize
            && read.DirectoryLength >= ContainerLimits.FrameOverhead
            && read.DirectoryOffset + read.DirectoryLength + ContainerLimits.FooterSize == objectLength
            && read.Frames >= 1
                ? read
                : throw new DecodingException("its footer contradicts itself");
    }
}
