using System.Buffers.Binary;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Index;

/// <summary>
/// A blocked Bloom filter over ids (format, section 5). An id sets or reads one bit in each word of one block: 32 bytes,
/// whatever the filter's size.
/// </summary>
internal static class IndexFilter
{
    internal const int BlockSize = 32;

    /// <summary>Of one body frame.</summary>
    internal const int BlocksPerFrame = 32768;

    private const int IdsPerBlock = 24;
    private const int Words = 8;

    internal static int BlocksFor(long ids) => checked((int)((ids + IdsPerBlock - 1) / IdsPerBlock));

    internal static int BlockOf(Id128 id, int blocks) => (int)(((id.High >> 32) * (ulong)blocks) >> 32);

    internal static void Set(Span<byte> block, Id128 id)
    {
        for (var word = 0; word < Words; word++)
        {
            var place = block.Slice(word * sizeof(uint), sizeof(uint));
            BinaryPrimitives.WriteUInt32LittleEndian(
                place, BinaryPrimitives.ReadUInt32LittleEndian(place) | Bit(id, word));
        }
    }

    /// <summary>False when the id was not set; mostly false when it was not.</summary>
    internal static bool MayHold(ReadOnlySpan<byte> block, Id128 id)
    {
        for (var word = 0; word < Words; word++)
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(block.Slice(word * sizeof(uint), sizeof(uint)));
            if ((bits & Bit(id, word)) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static uint Bit(Id128 id, int word) => 1u << (int)((id.Low >> (5 * word)) & 31);
}
