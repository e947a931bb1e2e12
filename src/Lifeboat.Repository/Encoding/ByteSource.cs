using System.Buffers.Binary;

namespace Lifeboat.Repository.Encoding;

/// <summary>
/// Reads what <see cref="ByteSink"/> wrote. Running past the end, a varint that is not in its shortest form, or a count
/// that the remaining bytes cannot hold is a <see cref="DecodingException"/>; nothing is allocated before its bytes
/// are seen to be there.
/// </summary>
internal ref struct ByteSource(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public readonly void MustBeAtEnd()
    {
        if (_rest.Length != 0)
        {
            throw new DecodingException($"{_rest.Length} bytes too many");
        }
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            throw new DecodingException("it ends too early");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public byte Byte() => Bytes(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(sizeof(long)));

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            if (shift == 63 && next > 1)
            {
                throw new DecodingException("a varint is longer than 64 bits");
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return next == 0 && shift > 0
                    ? throw new DecodingException("a varint is not in its shortest form")
                    : value;
            }
        }

        throw new DecodingException("a varint is longer than 64 bits");
    }

    /// <summary>A varint of at most <paramref name="most"/>.</summary>
    public int VarintUpTo(int most, string what)
    {
        var value = Varint();
        return value <= (ulong)most ? (int)value : throw new DecodingException($"{what} {value} is above {most}");
    }

    public long VarintLong(string what)
    {
        var value = Varint();
        return value <= long.MaxValue ? (long)value : throw new DecodingException($"{what} {value} is too large");
    }

    /// <summary>A varint number of items that take at least <paramref name="leastBytes"/> each.</summary>
    public int Count(int leastBytes, string what)
    {
        var value = Varint();
        return value <= (ulong)(_rest.Length / leastBytes)
            ? (int)value
            : throw new DecodingException($"{value} {what} cannot fit into the {_rest.Length} bytes that follow");
    }
}
