using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Lifeboat.Platform.Checksums;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of PostgreSQL's control file, WAL and backup manifests. Values are the finished
/// ones (initial value and final xor applied), so that <c>Compute("123456789") == 0xE3069283</c>.
/// </summary>
public static class Crc32C
{
    private const uint Polynomial = 0x82F63B78; // reflected

    /// <summary>
    /// Bytes of each of three stretches that are summed at the same time: three long ones fit into a page of 8 KiB,
    /// the short ones are for the image of a page without its hole.
    /// </summary>
    private const int LongStretch = 2720;
    private const int ShortStretch = 256;

    private static readonly uint[] LongShift = ShiftTable(Crc32CShift.ForLength(LongStretch));
    private static readonly uint[] ShortShift = ShiftTable(Crc32CShift.ForLength(ShortStretch));

    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The CRC of A followed by B, from the CRC of A and the bytes of B.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var state = ~crc;
        while (data.Length >= 3 * LongStretch)
        {
            state = AppendStretches(state, data[..(3 * LongStretch)], LongShift);
            data = data[(3 * LongStretch)..];
        }

        while (data.Length >= 3 * ShortStretch)
        {
            state = AppendStretches(state, data[..(3 * ShortStretch)], ShortShift);
            data = data[(3 * ShortStretch)..];
        }

        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, LittleEndian(word));
        }

        var rest = data[(words.Length * sizeof(ulong))..];
        if ((rest.Length & sizeof(uint)) != 0)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt32LittleEndian(rest));
            rest = rest[sizeof(uint)..];
        }

        foreach (var value in rest)
        {
            state = BitOperations.Crc32C(state, value);
        }

        return ~state;
    }

    /// <summary>The CRC of A followed by B, from the CRCs of both and the length of B in bytes.</summary>
    public static uint Combine(uint crcA, uint crcB, long lengthB) => Crc32CShift.ForLength(lengthB).Apply(crcA) ^ crcB;

    /// <summary>
    /// The instruction takes three cycles and one can be started in each, but each needs the result of the one before:
    /// three stretches side by side keep it busy.
    /// </summary>
    private static uint AppendStretches(uint state, ReadOnlySpan<byte> data, uint[] shift)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        var stretch = words.Length / 3;
        var first = words[..stretch];
        var second = words.Slice(stretch, stretch);
        var third = words.Slice(2 * stretch, stretch);
        var (a, b, c) = (state, 0u, 0u);
        for (var at = 0; at < first.Length && at < second.Length && at < third.Length; at++)
        {
            a = BitOperations.Crc32C(a, LittleEndian(first[at]));
            b = BitOperations.Crc32C(b, LittleEndian(second[at]));
            c = BitOperations.Crc32C(c, LittleEndian(third[at]));
        }

        return Shift(shift, Shift(shift, a) ^ b) ^ c;
    }

    private static ulong LittleEndian(ulong word) =>
        BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);

    private static uint Shift(uint[] table, uint state) =>
        table[state & 0xFF] ^ table[256 + ((state >> 8) & 0xFF)]
            ^ table[512 + ((state >> 16) & 0xFF)] ^ table[768 + (state >> 24)];

    /// <summary>What the shift makes of each value of each of the four bytes; it is linear, so the four are xored.</summary>
    private static uint[] ShiftTable(Crc32CShift shift)
    {
        var table = new uint[4 * 256];
        for (var at = 0; at < table.Length; at++)
        {
            table[at] = shift.Apply((uint)(at & 0xFF) << (8 * (at >> 8)));
        }

        return table;
    }

    internal static uint MultiplyModulo(uint a, uint b)
    {
        // Carry-less product of two reflected polynomials modulo the CRC's; bit 31 is x^0.
        uint product = 0;
        for (var mask = 0x80000000u; mask != 0; mask >>= 1)
        {
            if ((a & mask) != 0)
            {
                product ^= b;
            }

            b = (b & 1) != 0 ? (b >> 1) ^ Polynomial : b >> 1;
        }

        return product;
    }
}
