using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Tests.Engine;

/// <summary>WAL as a promotion leaves it.</summary>
internal static class Promotion
{
    /// <summary>
    /// The segments from the switch on, as the new timeline's own: a copy up to it, then pages of its own.
    /// </summary>
    internal static IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> OnTimeline(
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments, Timeline timeline, Lsn switched)
    {
        var renewed = new List<(WalSegmentName Name, ReadOnlyMemory<byte> Content)>();
        foreach (var (name, content) in segments.Where(segment => segment.Name.End > switched))
        {
            var bytes = content.ToArray();
            for (var at = 0; at < bytes.Length; at += WalPageHeader.PageSize)
            {
                if (name.Start + (ulong)at >= switched && BitConverter.ToUInt16(bytes, at) != 0)
                {
                    BitConverter.TryWriteBytes(bytes.AsSpan(at + 4), timeline.Value);
                }
            }

            renewed.Add((name with { Timeline = timeline }, bytes));
        }

        return renewed;
    }
}
