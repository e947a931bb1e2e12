using System.Numerics;

namespace Lifeboat.Postgres.Format;

/// <summary>The size of a WAL segment: a power of two from 1 MiB to 1 GiB, chosen at initdb.</summary>
public readonly record struct WalSegmentSize
{
    public static readonly WalSegmentSize Default = new(16 << 20);

    private readonly int _bytes;

    public WalSegmentSize(int bytes)
    {
        if (!IsValid(bytes))
        {
            throw new ArgumentOutOfRangeException(
                nameof(bytes), bytes, "a WAL segment has a power of two of bytes from 1 MiB to 1 GiB");
        }

        _bytes = bytes;
    }

    public int Bytes => _bytes == 0 ? 16 << 20 : _bytes;

    /// <summary>Segments in 4 GiB of WAL: what the last eight digits of a segment's name count up to.</summary>
    public ulong SegmentsPerXlogId => 0x1_0000_0000UL / (ulong)Bytes;

    public static bool IsValid(long bytes) => bytes is >= 1 << 20 and <= 1 << 30 && BitOperations.IsPow2(bytes);

    public ulong SegmentOf(Lsn lsn) => lsn.Value / (ulong)Bytes;

    public Lsn StartOf(ulong segment) => new(checked(segment * (ulong)Bytes));

    public override string ToString() => $"{Bytes >> 20} MiB";
}
