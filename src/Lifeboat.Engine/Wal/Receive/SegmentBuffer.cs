using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>The segment that is being received: its bytes from the beginning, and how many of them are durable.</summary>
internal sealed class SegmentBuffer
{
    private readonly byte[] _content;

    /// <param name="known">Its first bytes, when these are durable already.</param>
    internal SegmentBuffer(WalSegmentName segment, ReadOnlySpan<byte> known = default)
    {
        Segment = segment;
        _content = GC.AllocateUninitializedArray<byte>(segment.Size.Bytes);
        known.CopyTo(_content);
        Filled = Durable = known.Length;
    }

    internal WalSegmentName Segment { get; }

    /// <summary>Bytes that have come.</summary>
    internal int Filled { get; private set; }

    /// <summary>Bytes that are durable in the repository.</summary>
    internal int Durable { get; private set; }

    internal Lsn DurableEnd => Segment.Start + (ulong)Durable;

    internal Lsn FilledEnd => Segment.Start + (ulong)Filled;

    internal bool IsFull => Filled == _content.Length;

    internal bool HasWaiting => Filled > Durable;

    /// <summary>The whole segment; valid when it is full.</summary>
    internal ReadOnlyMemory<byte> Content => _content.AsMemory(0, Filled);

    /// <summary>Takes as much as belongs to this segment; returns how much that was.</summary>
    internal int Append(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, _content.Length - Filled);
        bytes[..taken].CopyTo(_content.AsSpan(Filled));
        Filled += taken;
        return taken;
    }

    internal ReadOnlyMemory<byte> Range(int from, int to) => _content.AsMemory(from, to - from);

    internal void MarkDurable(int end) => Durable = end;
}
