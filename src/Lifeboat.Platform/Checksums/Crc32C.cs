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

    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The CRC of A followed by B, from the CRC of A and the bytes of B.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var state = ~crc;
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (var value in data[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, value);
        }

        return ~state;
    }

    /// <summary>The CRC of A followed by B, from the CRCs of both and the length of B in bytes.</summary>
    public static uint Combine(uint crcA, uint crcB, long lengthB) => Crc32CShift.ForLength(lengthB).Apply(crcA) ^ crcB;

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
