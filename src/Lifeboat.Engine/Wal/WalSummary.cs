using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>The light summary (format 0) that is stored with a segment.</summary>
internal static class WalSummary
{
    internal const int Format = 0;

    internal static WalSegmentSummary Of(WalSegmentName segment, ReadOnlyMemory<byte> content)
    {
        var facts = WalSegmentFacts.Collect(segment, content);
        return new WalSegmentSummary(
            Format,
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
            [.. facts.RestorePoints.Select(point => new RestorePointFacts(
                point.Name, point.Lsn, point.EndLsn, Time(point.Time) ?? DateTimeOffset.MaxValue))],
            facts.ContinuesInNext,
            facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext ? null : facts.Reason,
            (byte?)facts.UnfinishedRmgr);
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
