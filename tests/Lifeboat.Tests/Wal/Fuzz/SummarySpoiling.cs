namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>Spoils summaries: single bits and bytes, lengths, numbers of any size, parts of one in another.</summary>
internal static class SummarySpoiling
{
    internal static byte[] Make(byte[][] corpus, Random random)
    {
        var bytes = new List<byte>(corpus[random.Next(corpus.Length)]);
        for (var change = random.Next(4) == 0 ? random.Next(2, 5) : 1; change > 0 && bytes.Count > 1; change--)
        {
            Spoil(bytes, corpus[random.Next(corpus.Length)], random);
        }

        return [.. bytes];
    }

    private static void Spoil(List<byte> bytes, byte[] other, Random random)
    {
        // The first byte is the format: with another there is nothing more to see.
        var at = random.Next(random.Next(50) == 0 ? 0 : 1, bytes.Count);
        switch (random.Next(9))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                break;
            case 4:
                bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256)));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, random.Next(other.Length - from)).ToArray());
                break;
            case 7:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                break;
            default:
                bytes.RemoveAt(at);
                bytes.InsertRange(at, Varint(random));
                break;
        }
    }

    private static List<byte> Varint(Random random)
    {
        var value = unchecked((ulong)random.NextInt64()) << 1 >> random.Next(64);
        if (random.Next(3) == 0)
        {
            value = (1UL << random.Next(64)) - (ulong)random.Next(2);
        }

        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }
}
