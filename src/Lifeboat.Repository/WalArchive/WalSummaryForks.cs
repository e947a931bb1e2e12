using System.Buffers.Binary;
using System.Numerics;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The forks of a summary. Blocks are written in chunks of 65,536: as ranges, or as a bitmap where that is shorter.
/// </summary>
internal static class WalSummaryForks
{
    /// <summary>
    /// Bytes of WAL that a marked block costs at least: a reference without a relation takes 8, and may clear one of
    /// the visibility map besides. More blocks than that are no summary of so much WAL.
    /// </summary>
    internal const int LeastReference = 4;

    private const byte HasLimit = 1;
    private const byte IsBitmap = 1;
    private const int ChunkBlocks = 1 << 16;
    private const int BitmapBytes = ChunkBlocks / 8;
    private const int MostChunks = 1 << 16;

    internal static void Write(ByteSink sink, WalChanges changes)
    {
        var forks = changes.Forks;
        var ranges = new ByteSink(BitmapBytes);
        sink.Varint(forks.Count);
        foreach (var (name, fork) in forks)
        {
            sink.Varint((ulong)name.Relation.Tablespace);
            sink.Varint((ulong)name.Relation.Database);
            sink.Varint((ulong)name.Relation.RelNumber);
            sink.Byte((byte)name.Fork);
            sink.Byte(fork.Limit is null ? (byte)0 : HasLimit);
            if (fork.Limit is { } limit)
            {
                sink.Varint((ulong)limit);
            }

            var chunks = Chunks(fork.Blocks);
            sink.Varint(chunks.Count);
            var next = 0;
            foreach (var (number, parts) in chunks)
            {
                sink.Varint(number - next);
                next = number + 1;
                WriteChunk(sink, ranges, parts);
            }
        }
    }

    internal static void Read(ref ByteSource source, WalChanges changes, long mostBlocks)
    {
        var count = source.Count(6, "forks");
        RelationForkName? before = null;
        for (var index = 0; index < count; index++)
        {
            var name = ReadName(ref source);
            if (before is { } previous && name.CompareTo(previous) <= 0)
            {
                throw new DecodingException("a summary's forks do not ascend");
            }

            before = name;
            var fork = changes.ForkOf(name);
            var flags = source.Byte();
            if (flags == HasLimit)
            {
                fork.SetLimit(ReadUInt32(ref source));
            }
            else if (flags != 0)
            {
                throw new DecodingException("a fork has flags that are not known");
            }

            var chunks = source.Count(3, "chunks");
            var next = 0;
            for (var chunk = 0; chunk < chunks; chunk++)
            {
                var number = next + source.VarintUpTo(MostChunks - 1 - next, "a chunk's distance");
                mostBlocks -= ReadChunk(ref source, fork.Blocks, (uint)number << 16, mostBlocks);
                next = number + 1;
                if (next == MostChunks && chunk + 1 < chunks)
                {
                    throw new DecodingException("a fork has more chunks than there are");
                }
            }
        }
    }

    private static RelationForkName ReadName(ref ByteSource source)
    {
        var relation = new RelFileLocator(ReadUInt32(ref source), ReadUInt32(ref source), ReadUInt32(ref source));
        return new RelationForkName(relation, (RelationFork)source.Byte());
    }

    private static uint ReadUInt32(ref ByteSource source)
    {
        var value = source.Varint();
        return value <= uint.MaxValue ? (uint)value : throw new DecodingException($"{value} has more than 32 bits");
    }

    private static List<(int Number, List<(int First, int Count)> Parts)> Chunks(BlockSet blocks)
    {
        var chunks = new List<(int Number, List<(int First, int Count)> Parts)>();
        foreach (var range in blocks.Ranges())
        {
            var end = (ulong)range.First + range.Count;
            for (ulong at = range.First; at < end;)
            {
                var number = (int)(at >> 16);
                var next = Math.Min(end, ((at >> 16) + 1) << 16);
                if (chunks.Count == 0 || chunks[^1].Number != number)
                {
                    chunks.Add((number, []));
                }

                chunks[^1].Parts.Add(((int)(at % ChunkBlocks), (int)(next - at)));
                at = next;
            }
        }

        return chunks;
    }

    private static void WriteChunk(ByteSink sink, ByteSink ranges, List<(int First, int Count)> parts)
    {
        ranges.Clear();
        ranges.Varint(parts.Count);
        var at = 0;
        foreach (var (first, count) in parts)
        {
            ranges.Varint(first - at);
            ranges.Varint(count - 1);
            at = first + count;
        }

        if (ranges.Length < BitmapBytes)
        {
            sink.Byte(0);
            sink.Bytes(ranges.Span);
            return;
        }

        sink.Byte(IsBitmap);
        var bitmap = sink.Append(BitmapBytes);
        bitmap.Clear();
        foreach (var (first, count) in parts)
        {
            for (var block = first; block < first + count; block++)
            {
                bitmap[block / 8] |= (byte)(1 << (block % 8));
            }
        }
    }

    /// <returns>How many blocks it has.</returns>
    private static long ReadChunk(ref ByteSource source, BlockSet blocks, uint firstBlock, long mostBlocks)
    {
        var kind = source.Byte();
        if (kind == IsBitmap)
        {
            return ReadBitmap(source.Bytes(BitmapBytes), blocks, firstBlock, mostBlocks);
        }

        var parts = source.Count(2, "ranges");
        if (kind != 0 || parts == 0)
        {
            throw new DecodingException("a chunk has a form that is not known, or is empty");
        }

        var (at, sum) = (0, 0L);
        for (var part = 0; part < parts; part++)
        {
            var first = at + source.VarintUpTo(ChunkBlocks - 1 - at, "a range's distance");
            var count = 1 + source.VarintUpTo(ChunkBlocks - 1 - first, "a range's length");
            sum += count;
            if (sum > mostBlocks || (part > 0 && first == at))
            {
                throw new DecodingException("a summary has ranges that touch, or more blocks than its WAL can name");
            }

            blocks.AddRange(new BlockRange(firstBlock + (uint)first, (uint)count));
            at = first + count;
            if (at == ChunkBlocks && part + 1 < parts)
            {
                throw new DecodingException("a chunk has ranges behind its end");
            }
        }

        return sum;
    }

    private static long ReadBitmap(ReadOnlySpan<byte> bitmap, BlockSet blocks, uint firstBlock, long mostBlocks)
    {
        var sum = 0L;
        for (var at = 0; at < BitmapBytes; at += sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bitmap[at..]);
            sum += BitOperations.PopCount(word);
            if (sum > mostBlocks)
            {
                throw new DecodingException("a summary has more blocks than its WAL can name");
            }

            for (; word != 0; word &= word - 1)
            {
                blocks.Add(firstBlock + (uint)(at * 8) + (uint)BitOperations.TrailingZeroCount(word));
            }
        }

        return sum > 0 ? sum : throw new DecodingException("a chunk is empty");
    }
}
