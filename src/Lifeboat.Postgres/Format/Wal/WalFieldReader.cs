using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Takes fields from the front of a record's data; every take says whether the data had that much.</summary>
internal ref struct WalFieldReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    internal readonly ReadOnlySpan<byte> Rest => _rest;

    internal bool TakeUInt32(out uint value)
    {
        value = 0;
        if (!Take(sizeof(uint), out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return true;
    }

    internal bool TakeInt64(out long value)
    {
        value = 0;
        if (!Take(sizeof(long), out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return true;
    }

    /// <summary>A list behind its own 32-bit count, when <paramref name="isThere"/>; else an empty one.</summary>
    internal bool TakeList(bool isThere, int elementLength, out ReadOnlySpan<byte> list)
    {
        list = default;
        return !isThere || (TakeUInt32(out var count) && TakeElements(count, elementLength, out list));
    }

    internal bool TakeElements(uint count, int elementLength, out ReadOnlySpan<byte> list) =>
        Take(count * (long)elementLength, out list);

    /// <summary>As <see cref="TakeElements"/>, and goes behind the padding to 8 bytes that follows.</summary>
    internal bool TakeAligned(long length, out ReadOnlySpan<byte> taken)
    {
        if (!Take(length, out taken))
        {
            return false;
        }

        var padding = (int)(-length & 7);
        _rest = _rest[Math.Min(padding, _rest.Length)..];
        return true;
    }

    internal bool Take(long length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (length > _rest.Length)
        {
            return false;
        }

        taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }
}
