using System.Buffers.Binary;
using System.Security.Cryptography;
using Lifeboat.Platform.Checksums;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Containers;

internal enum FrameType : byte
{
    Body = 0,
    Directory = 1,
}

/// <summary>
/// Turns plaintext into the frames of one object and back: compress, encrypt, authenticate. Owns the object's key. Used
/// by one thread at a time.
/// </summary>
internal sealed class FrameSealer(AesGcm key, bool encrypts) : IDisposable
{
    private const int PlainLengthAt = 4;
    private const int CodecAt = 8;
    private const int TypeAt = 9;
    private const int ReservedAt = 10;

    /// <summary>The most bytes that the frame of this much plaintext can take.</summary>
    internal static int Bound(int plainLength) =>
        Math.Max(plainLength, Compressor.Bound(plainLength)) + ContainerLimits.FrameOverhead;

    /// <summary>Writes the whole frame; returns its length.</summary>
    /// <param name="number">The frame's place in the object, from 0.</param>
    internal int Seal(uint number, FrameType type, ReadOnlySpan<byte> plain, Span<byte> frame, Compressor compressor)
    {
        var payload = frame[ContainerLimits.FramePrefixSize..];
        var stored = plain.Length == 0 ? 0 : compressor.Compress(plain, payload);
        var codec = stored > 0 ? (byte)1 : (byte)0;
        if (codec == 0)
        {
            plain.CopyTo(payload);
            stored = plain.Length;
        }

        return Finish(number, type, codec, stored, plain.Length, frame);
    }

    /// <summary>As <see cref="Seal(uint, FrameType, ReadOnlySpan{byte}, Span{byte}, Compressor)"/>, packed already.</summary>
    internal int Seal(uint number, FrameType type, FramePayload packed, Span<byte> frame)
    {
        packed.Bytes.Span.CopyTo(frame[ContainerLimits.FramePrefixSize..]);
        return Finish(
            number, type, packed.Compressed ? (byte)1 : (byte)0, packed.Bytes.Length, packed.PlainLength, frame);
    }

    private int Finish(uint number, FrameType type, byte codec, int stored, int plainLength, Span<byte> frame)
    {
        var payload = frame[ContainerLimits.FramePrefixSize..];
        BinaryPrimitives.WriteInt32LittleEndian(frame, stored);
        BinaryPrimitives.WriteInt32LittleEndian(frame[PlainLengthAt..], plainLength);
        frame[CodecAt] = codec;
        frame[TypeAt] = (byte)type;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[ReservedAt..], 0);

        Span<byte> nonce = stackalloc byte[12];
        Nonce(number, nonce);
        var bound = frame[..ContainerLimits.FramePrefixSize];
        var tag = frame.Slice(ContainerLimits.FramePrefixSize + stored, ContainerLimits.TagSize);
        if (encrypts)
        {
            // In place: OpenSSL's GCM allows input and output to be the same buffer.
            key.Encrypt(nonce, payload[..stored], payload[..stored], tag, bound);
        }
        else
        {
            key.Encrypt(nonce, [], [], tag, frame[..(ContainerLimits.FramePrefixSize + stored)]);
        }

        var crcAt = ContainerLimits.FramePrefixSize + stored + ContainerLimits.TagSize;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[crcAt..], Crc32C.Compute(frame[..crcAt]));
        return crcAt + sizeof(uint);
    }

    /// <summary>The length of the plaintext that a frame declares, checked against the bounds of its type.</summary>
    internal static int PlainLength(ReadOnlySpan<byte> frame, FrameType type)
    {
        if (frame.Length < ContainerLimits.FrameOverhead
            || BinaryPrimitives.ReadInt32LittleEndian(frame) != frame.Length - ContainerLimits.FrameOverhead)
        {
            throw new DecodingException("a frame's length is not what the directory says");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(frame[PlainLengthAt..]);
        var most = type == FrameType.Body ? ContainerLimits.BodyPlaintext : ContainerLimits.DirectoryPlaintext;
        return (uint)length <= (uint)most
            ? length
            : throw new DecodingException($"a frame declares {length} bytes, more than a frame may have");
    }

    /// <summary>
    /// Opens a frame into <paramref name="plain"/>, which must have the length that <see cref="PlainLength"/> gives. The
    /// frame's own bytes are used as scratch space and are not valid afterwards.
    /// </summary>
    /// <exception cref="DecodingException">Damage.</exception>
    /// <exception cref="ForgedFrameException">The CRC holds but the tag does not: another key, or a forgery.</exception>
    internal void Open(uint number, FrameType type, Span<byte> frame, Span<byte> plain, Compressor compressor)
    {
        var payload = Unseal(number, type, frame, plain.Length);
        switch (frame[CodecAt])
        {
            case 0 when payload.Length == plain.Length:
                payload.CopyTo(plain);
                return;
            case 1 when compressor.Decompress(payload, plain):
                return;
            case 0 or 1:
                throw new DecodingException("a frame does not unpack to the length it declares");
            default:
                throw new UnknownFormatException($"codec {frame[CodecAt]}");
        }
    }

    /// <summary>The payload of a frame, checked and decrypted in place, still packed.</summary>
    /// <inheritdoc cref="Open"/>
    internal Span<byte> Unseal(uint number, FrameType type, Span<byte> frame, int plainLength)
    {
        CheckCrc(frame);
        if (plainLength != PlainLength(frame, type) || frame[TypeAt] != (byte)type
            || BinaryPrimitives.ReadUInt16LittleEndian(frame[ReservedAt..]) != 0)
        {
            throw new DecodingException("a frame is of another kind or size than its place demands");
        }

        var payload = frame.Slice(
            ContainerLimits.FramePrefixSize, frame.Length - ContainerLimits.FrameOverhead);
        Authenticate(number, frame, payload);
        return payload;
    }

    internal static void CheckCrc(ReadOnlySpan<byte> frame)
    {
        var crcAt = frame.Length - sizeof(uint);
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame[crcAt..]) != Crc32C.Compute(frame[..crcAt]))
        {
            throw new DecodingException("the checksum of a frame does not hold");
        }
    }

    public void Dispose() => key.Dispose();

    private void Authenticate(uint number, Span<byte> frame, Span<byte> payload)
    {
        Span<byte> nonce = stackalloc byte[12];
        Nonce(number, nonce);
        var bound = frame[..ContainerLimits.FramePrefixSize];
        var tag = frame.Slice(bound.Length + payload.Length, ContainerLimits.TagSize);
        try
        {
            if (encrypts)
            {
                key.Decrypt(nonce, payload, tag, payload, bound);
            }
            else
            {
                key.Decrypt(nonce, [], tag, [], frame[..(bound.Length + payload.Length)]);
            }
        }
        catch (AuthenticationTagMismatchException mismatch)
        {
            throw new ForgedFrameException(mismatch);
        }
    }

    private static void Nonce(uint number, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, number);
    }
}

/// <summary>A frame is undamaged but was not sealed by this key at this place.</summary>
public sealed class ForgedFrameException(Exception inner)
    : Exception("it was sealed with another key, or for another place", inner);
