using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>What is stored with a segment about its records, from one reading of it.</summary>
internal static class WalSummary
{
    /// <summary>The light summary alone.</summary>
    internal const int LightFormat = 0;

    /// <param name="blocks">
    /// The summary of changed blocks as it is stored; empty when it would be larger than what is stored beside a
    /// segment.
    /// </param>
    internal static WalSegmentSummary Of(
        WalSegmentName segment, ReadOnlyMemory<byte> content, out ReadOnlyMemory<byte> blocks)
    {
        blocks = WalSummaryCodec.Encode(WalRunSummary.Of(segment, content, out var facts));
        blocks = blocks.Length <= WalSummaryCodec.MostStored ? blocks : default;
        return new WalSegmentSummary(
            blocks.IsEmpty ? LightFormat : WalSegmentSummary.NewestFormat,
            facts.FirstRecord,
            facts.LastRecord,
            facts.LastRecordEnd,
            facts.Commits,
            Time(facts.LeastFinishTime),
            Time(facts.GreatestFinishTime),
            Time(facts.LastCommitTime),
            Time(facts.GreatestTime),
            facts.OldestXid?.Value,
            facts.NewestXid?.Value,
            PointsOf(facts),
            facts.ContinuesInNext,
            facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext ? null : facts.Reason,
            (byte?)facts.UnfinishedRmgr);
    }

    private static RestorePointFacts[] PointsOf(WalSegmentFacts facts)
    {
        var points = new RestorePointFacts[facts.RestorePoints.Count];
        for (var at = 0; at < points.Length; at++)
        {
            var point = facts.RestorePoints[at];
            points[at] = new RestorePointFacts(
                point.Name, point.Lsn, point.EndLsn, Time(point.Time) ?? DateTimeOffset.MaxValue);
        }

        return points;
    }

    /// <summary>
    /// A time that no calendar here holds becomes the nearest that one does, so that a search by bounds still finds the
    /// segment.
    /// </summary>
    private static DateTimeOffset? Time(PgTimestamp? time) => time switch
    {
        null => null,
        { } known when known.TryToDateTimeOffset(out var calendar) => calendar,
        { Microseconds: < 0 } => DateTimeOffset.MinValue,
        _ => DateTimeOffset.MaxValue,
    };
}
