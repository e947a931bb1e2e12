using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>An object as section 2 of the specification of the repository says.</summary>
/// <param name="Frames">Plaintext of each body frame.</param>
/// <param name="Annex">Of the directory.</param>
/// <param name="Offsets">Where each body frame begins, and behind the last the directory.</param>
internal sealed record FormatContainer(
    string Name,
    int Kind,
    string KeyId,
    ulong Created,
    IReadOnlyList<byte[]> Frames,
    byte[] Annex,
    IReadOnlyList<long> Offsets,
    long Length)
{
    private const int HeaderSize = 128;
    private const int FooterSize = 32;

    /// <summary>The one document that an object of this kind consists of.</summary>
    internal System.Text.Json.JsonElement Document
    {
        get
        {
            if (Frames.Count < 1 || Annex.Length != 0)
            {
                throw new FormatError($"{Name} is not one document");
            }

            using var document = System.Text.Json.JsonDocument.Parse(Frames[0]);
            return document.RootElement.Clone();
        }
    }

    /// <param name="keys">The key of a key id, in hexadecimal digits.</param>
    internal static FormatContainer Read(string name, byte[] content, Func<string, byte[]> keys)
    {
        var header = content[..HeaderSize];
        Demand(header.AsSpan(0, 8).SequenceEqual("LIFEBOAT"u8), "magic");
        var cursor = new FormatCursor(header.AsSpan(8));
        var (version, kind) = (BitConverter.ToUInt16(cursor.Bytes(2)), BitConverter.ToUInt16(cursor.Bytes(2)));
        Demand(version == 0 && cursor.U32() == 0, "version and flags");
        _ = cursor.U32();
        var cipher = cursor.Byte();
        Demand(cipher is 0 or 1 && IsZero(cursor.Bytes(3)), "cipher");
        var keyId = cursor.Id();
        Demand(cursor.Bytes(16).SequenceEqual(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16)), "name tag");
        var salt = cursor.Bytes(32).ToArray();
        var created = cursor.U64();
        Demand(IsZero(cursor.Bytes(28)), "reserved bytes");
        Demand(cursor.U32() == FormatCrypto.Crc(header.AsSpan(0, 124)), "CRC of the header");

        var footer = new FormatCursor(content.AsSpan(content.Length - FooterSize));
        var (directoryAt, directoryLength, count) = ((long)footer.U64(), footer.U32(), footer.U32());
        Demand(footer.U64() == (ulong)content.Length && footer.Bytes(4).SequenceEqual("TAOB"u8), "footer");
        Demand(footer.U32() == FormatCrypto.Crc(content.AsSpan(content.Length - FooterSize, 28)), "CRC of the footer");
        Demand(directoryAt + directoryLength + FooterSize == content.Length, "place of the directory");

        using var key = new AesGcm(
            FormatCrypto.Derive(keys(keyId), salt, [.. "lifeboat object v0"u8, .. header.AsSpan(0, 124)]), 16);
        var directory = Open(
            key, cipher, count - 1, type: 1, content.AsSpan((int)directoryAt, (int)directoryLength), most: 16 << 20);
        var listing = new FormatCursor(directory);
        var lengths = new long[listing.Count()];
        Demand(lengths.Length == count - 1, "number of frames");
        var offsets = new List<long> { HeaderSize };
        foreach (ref var length in lengths.AsSpan())
        {
            length = listing.Count();
            offsets.Add(offsets[^1] + length);
        }

        Demand(offsets[^1] == directoryAt, "frames end where the directory begins");
        var annex = listing.Bytes(listing.Left).ToArray();
        var frames = lengths.Select((length, at) => Open(
            key, cipher, (uint)at, type: 0, content.AsSpan((int)offsets[at], (int)length), most: 1 << 20)).ToList();
        return new FormatContainer(name, kind, keyId, created, frames, annex, offsets, content.Length);

        void Demand(bool holds, string what)
        {
            if (!holds)
            {
                throw new FormatError($"{name}: {what}");
            }
        }
    }

    private static byte[] Open(AesGcm key, int cipher, uint number, byte type, ReadOnlySpan<byte> frame, int most)
    {
        var stored = BinaryPrimitives.ReadInt32LittleEndian(frame);
        var length = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);
        var head = frame[..12];
        var payload = frame.Slice(12, stored);
        var tag = frame.Slice(12 + stored, 16);
        if (frame.Length != stored + 32 || length > most || head[8] > 1 || head[9] != type || !IsZero(head[10..12])
            || FormatCrypto.Crc(frame[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(frame[^4..]))
        {
            throw new FormatError($"frame {number} is not one");
        }

        var nonce = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, number);
        var plain = new byte[cipher == 1 ? stored : 0];
        if (cipher == 1)
        {
            key.Decrypt(nonce, payload, tag, plain, head);
        }
        else
        {
            key.Decrypt(nonce, [], tag, [], [.. head, .. payload]);
            plain = payload.ToArray();
        }

        plain = head[8] == 1 ? FormatCrypto.Decompress(plain, length) : plain;
        return plain.Length == length ? plain : throw new FormatError($"frame {number} is not as long as it says");
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);
}
