using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// The segments that a recovery along one timeline may read. Of a segment in which one timeline was left for the next
/// both
/// timelines' files are counted: which of them PostgreSQL takes is its business.
/// </summary>
internal sealed class TimelineStretches
{
    private readonly WalSegmentSize _size;
    private readonly TimelineHistory _history;

    internal TimelineStretches(RetentionTimeline timeline, WalSegmentSize size)
    {
        _size = size;
        _history = timeline.History ?? new TimelineHistory(timeline.Timeline, []);
        Timeline = timeline.Timeline;
        IsUnknown = timeline.History is null && timeline.Timeline > Timeline.First;
        LastArchived = timeline.LastArchived;
    }

    internal Timeline Timeline { get; }

    internal DateTimeOffset LastArchived { get; }

    /// <summary>Whether it may have come from older timelines, and nothing says from which.</summary>
    internal bool IsUnknown { get; }

    /// <summary>Whether the history of the timeline went through all of the backup.</summary>
    internal bool Holds(RetentionBackup backup) =>
        _history.Contains(backup.Timeline, backup.StartLsn) && _history.Contains(backup.Timeline, backup.StopLsn);

    /// <summary>From one segment number up to another, by timeline; null for the end stands for all that come
    /// behind.</summary>
    internal IEnumerable<(Timeline Timeline, ulong First, ulong? Last)> Between(ulong first, ulong? last)
    {
        var begin = 0UL;
        foreach (var entry in _history.Entries)
        {
            var left = _size.SegmentOf(entry.SwitchPoint);
            var (from, to) = (Math.Max(first, begin), last is { } end ? Math.Min(end, left) : left);
            if (from <= to)
            {
                yield return (entry.Timeline, from, to);
            }

            begin = left;
        }

        if (last is null || last >= begin)
        {
            yield return (Timeline, Math.Max(first, begin), last);
        }
    }

    internal ulong FirstNeededBy(RetentionBackup backup) => _size.SegmentOf(backup.StartLsn);

    /// <summary>The segment that holds the byte before the stop, and never one before the start's.</summary>
    internal ulong LastNeededBy(RetentionBackup backup) => Math.Max(
        FirstNeededBy(backup), _size.SegmentOf(new Lsn(Math.Max(1, backup.StopLsn.Value) - 1)));
}
