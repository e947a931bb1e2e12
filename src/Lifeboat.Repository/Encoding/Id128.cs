using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Lifeboat.Repository.Encoding;

/// <summary>Sixteen bytes that identify something; written as 32 lower-case hexadecimal digits.</summary>
public readonly record struct Id128(ulong High, ulong Low) : IComparable<Id128>
{
    public const int Size = 16;

    public bool IsZero => (High | Low) == 0;

    public static Id128 Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>From the system's cryptographic generator.</summary>
    public static Id128 NewRandom()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out Id128 id)
    {
        id = default;
        if (text.Length != 32)
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (!char.IsAsciiHexDigitLower(digit))
            {
                return false;
            }
        }

        id = new Id128(
            ulong.Parse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ulong.Parse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return true;
    }

    public static Id128 Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not an id of 32 hexadecimal digits");

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    public bool Equals(Id128 other) => High == other.High && Low == other.Low;

    public override int GetHashCode() => HashCode.Combine(High, Low);

    public int CompareTo(Id128 other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    public override string ToString() => $"{High:x16}{Low:x16}";
}
