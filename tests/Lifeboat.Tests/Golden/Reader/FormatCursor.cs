using System.Buffers.Binary;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>Reads the notation of docs/format: little-endian integers, varints in their shortest form.</summary>
internal ref struct FormatCursor(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    internal readonly int Left => _left.Length;

    internal ReadOnlySpan<byte> Bytes(int count)
    {
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    internal byte Byte() => Bytes(1)[0];

    internal uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    internal ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    internal string Id() => Convert.ToHexStringLower(Bytes(16));

    internal int Count() => checked((int)Varint());

    internal ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return shift == 0 || part != 0 ? value : throw new FormatError("a varint is not in its shortest form");
            }
        }
    }

    internal readonly void End()
    {
        if (_left.Length != 0)
        {
            throw new FormatError($"{_left.Length} bytes are not told of");
        }
    }
}

/// <summary>What is written is not what the specification says.</summary>
internal sealed class FormatError(string message) : Exception(message);
