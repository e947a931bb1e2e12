using System.Buffers.Binary;

namespace Lifeboat.Repository.Encoding;

/// <summary>Grows a buffer of encoded bytes. Not shared between threads; the content is valid until the next call.</summary>
internal sealed class ByteSink(int capacity = 256)
{
    private byte[] _buffer = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for <paramref name="count"/> bytes at the end, already counted in; the caller fills it.</summary>
    public Span<byte> Append(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        }

        var room = _buffer.AsSpan(Length, count);
        Length += count;
        return room;
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    public void Byte(byte value) => Append(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Append(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Append(sizeof(uint)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Append(sizeof(ulong)), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Append(sizeof(long)), value);

    public void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    public void Varint(long value) => Varint(checked((ulong)value));
}
