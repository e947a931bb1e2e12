using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal.Changes;

/// <summary>Ways to the same changes: record by record, and by summaries of segments in groups.</summary>
internal static class ChangeReading
{
    /// <summary>What one reader over all segments finds, record by record.</summary>
    internal static WalChanges Plain(IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var changes = new WalChanges();
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                changes.Take(record);
            }
        }

        return changes;
    }

    /// <summary>Joins runs, and reads the records over the edge that they do not hold from the segments.</summary>
    internal static WalRunSummary Join(
        IReadOnlyList<WalRunSummary> runs,
        IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments,
        ref int needed)
    {
        var builder = new WalRunBuilder(runs[0]);
        foreach (var next in runs.Skip(1))
        {
            var joint = builder.TryAppend(next);
            if (joint == WalJoint.NeedsRecord)
            {
                needed++;
                var start = builder.Tail!.Lsn;
                var edge = EdgeRecord.Read(start, segments.Where(segment => segment.Name.End > start));
                Assert.NotNull(edge);
                joint = builder.TryAppend(next, edge);
            }

            Assert.Equal((WalJoint.Joined, ""), (joint, builder.Fault));
        }

        return builder.ToSummary();
    }

    /// <summary>Bytes that are equal when the changes are.</summary>
    internal static byte[] Bytes(WalChanges changes, WalSegmentName segment) => WalSummaryCodec.Encode(new WalRunSummary
    {
        First = segment,
        Last = segment,
        Major = 18,
        SystemIdentifier = 1,
        Head = WalRunHead.None,
        Tail = null,
        FirstRecord = null,
        Predecessor = null,
        LastRecord = null,
        Break = null,
        Changes = changes,
    });

    internal static WalBuilder RandomWal(int seed, int records, int major = 18)
    {
        var random = new Random(seed);
        var wal = new WalBuilder(major);
        for (var record = 0; record < records; record++)
        {
            wal.AddRandom(random);
        }

        wal.Switch();
        return wal;
    }
}
