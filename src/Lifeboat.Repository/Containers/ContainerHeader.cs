using System.Buffers.Binary;
using System.Security.Cryptography;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>The first 128 bytes of every object (docs/format/repository-v0.md, section 2).</summary>
internal readonly record struct ContainerHeader(
    ContainerKind Kind, uint MayIgnore, bool Encrypted, Id128 KeyId, Id128 NameTag, long CreatedUs)
{
    internal const ushort Version = 0;

    private const int VersionAt = 8;
    private const int KindAt = 10;
    private const int MustUnderstandAt = 12;
    private const int MayIgnoreAt = 16;
    private const int CipherAt = 20;
    private const int ReservedAAt = 21;
    private const int KeyIdAt = 24;
    private const int NameTagAt = 40;
    private const int SaltAt = 56;
    private const int CreatedAt = 88;
    private const int ReservedBAt = 96;
    private const int CrcAt = 124;

    private static ReadOnlySpan<byte> Magic => "LIFEBOAT"u8;

    internal static Id128 TagOf(ObjectName name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name.Value), hash);
        return Id128.Read(hash);
    }

    internal static ReadOnlySpan<byte> SaltOf(ReadOnlySpan<byte> header) => header[SaltAt..CreatedAt];

    /// <summary>The bytes that the object key depends on.</summary>
    internal static ReadOnlySpan<byte> BoundPart(ReadOnlySpan<byte> header) => header[..CrcAt];

    /// <summary>Writes the header with a fresh random salt.</summary>
    internal void Write(Span<byte> header)
    {
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VersionAt..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[KindAt..], (ushort)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(header[MayIgnoreAt..], MayIgnore);
        header[CipherAt] = Encrypted ? (byte)1 : (byte)0;
        KeyId.Write(header[KeyIdAt..]);
        NameTag.Write(header[NameTagAt..]);
        RandomNumberGenerator.Fill(header[SaltAt..CreatedAt]);
        BinaryPrimitives.WriteInt64LittleEndian(header[CreatedAt..], CreatedUs);
        BinaryPrimitives.WriteUInt32LittleEndian(header[CrcAt..], Crc32C.Compute(header[..CrcAt]));
    }

    /// <exception cref="DecodingException">It is not a header, or it is damaged.</exception>
    /// <exception cref="UnknownFormatException">A newer version wrote it.</exception>
    internal static ContainerHeader Read(ReadOnlySpan<byte> header)
    {
        if (header.Length < ContainerLimits.HeaderSize)
        {
            throw new DecodingException("it is cut off within its header");
        }

        if (!header[..Magic.Length].SequenceEqual(Magic))
        {
            throw new DecodingException("it does not begin as an object of a Lifeboat repository does");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header[CrcAt..]) != Crc32C.Compute(header[..CrcAt]))
        {
            throw new DecodingException("the checksum of its header does not hold");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[VersionAt..]);
        var mustUnderstand = BinaryPrimitives.ReadUInt32LittleEndian(header[MustUnderstandAt..]);
        if (version != Version || mustUnderstand != 0 || header[CipherAt] > 1)
        {
            throw new UnknownFormatException(
                $"format version {version}, required features {mustUnderstand:x8}, cipher {header[CipherAt]}");
        }

        if (header[ReservedAAt..KeyIdAt].ContainsAnyExcept((byte)0)
            || header[ReservedBAt..CrcAt].ContainsAnyExcept((byte)0))
        {
            throw new DecodingException("reserved bytes of its header are in use");
        }

        return new ContainerHeader(
            (ContainerKind)BinaryPrimitives.ReadUInt16LittleEndian(header[KindAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[MayIgnoreAt..]),
            header[CipherAt] == 1,
            Id128.Read(header[KeyIdAt..]),
            Id128.Read(header[NameTagAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[CreatedAt..]));
    }
}

/// <summary>A newer version wrote this; nothing is wrong with it.</summary>
public sealed class UnknownFormatException(string message) : Exception(message);
