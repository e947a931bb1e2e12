namespace Lifeboat.Platform.Checksums;

/// <summary>
/// Multiplication by x^(8n) modulo the polynomial of CRC-32C: what appending n bytes does to a CRC. Made once per n and
/// then cheap, so that a file's CRC comes from those of its pages.
/// </summary>
public readonly struct Crc32CShift
{
    private readonly uint _factor;

    private Crc32CShift(uint factor) => _factor = factor;

    /// <param name="length">Bytes, zero or more.</param>
    public static Crc32CShift ForLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var power = 0x00800000u; // x^8: one byte
        var factor = 0x80000000u; // x^0: one
        for (; length != 0; length >>= 1)
        {
            if ((length & 1) != 0)
            {
                factor = Crc32C.MultiplyModulo(factor, power);
            }

            power = Crc32C.MultiplyModulo(power, power);
        }

        return new Crc32CShift(factor);
    }

    /// <summary>The CRC of A and B from that of A; xor the CRC of B into it.</summary>
    public uint Apply(uint crc) => Crc32C.MultiplyModulo(_factor, crc);
}
