using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// What can be recovered with the WAL and the backups of one lineage, by names and positions alone. Pure: nothing is
/// read, so that it says nothing of damage within an object.
/// </summary>
public sealed class WalCoverage
{
    private readonly Id128 _lineage;
    private readonly ExpiredWal _expired;
    private readonly WalPath[] _paths;
    private readonly BackupPoint[] _backups;
    private readonly Dictionary<(Timeline Timeline, ulong Number), Lsn> _ends;

    /// <param name="present">The segments of which exactly one content is archived; any order.</param>
    /// <param name="histories">Of the timelines; one without is taken to have no ancestors.</param>
    /// <param name="backups">Any order.</param>
    /// <param name="unfinished">
    /// Those of the segments whose end is not archived, with the first position that is not: no run goes on behind one.
    /// </param>
    /// <param name="expired">What is missing because nothing that is kept needs it: no gap.</param>
    public WalCoverage(
        Id128 lineage,
        WalSegmentSize size,
        IEnumerable<WalSegmentName> present,
        IEnumerable<TimelineHistory> histories,
        IEnumerable<BackupPoint> backups,
        IEnumerable<(WalSegmentName Segment, Lsn End)>? unfinished = null,
        ExpiredWal? expired = null)
    {
        _lineage = lineage;
        _expired = expired ?? ExpiredWal.None;
        _backups = [.. backups.OrderBy(backup => backup.StopLsn).ThenBy(backup => backup.Id, StringComparer.Ordinal)];
        IReadOnlyDictionary<Timeline, IReadOnlyList<ulong>> numbers = present
            .GroupBy(segment => segment.Timeline)
            .ToDictionary(
                group => group.Key,
                group => (IReadOnlyList<ulong>)[.. group.Select(segment => segment.Number).Distinct().Order()]);
        _ends = (unfinished ?? []).ToDictionary(
            partial => (partial.Segment.Timeline, partial.Segment.Number), partial => partial.End);
        var ends = _ends.Keys.ToHashSet();
        var known = histories.ToDictionary(history => history.Timeline);
        _paths =
        [
            .. numbers.Keys.Concat(_backups.Select(backup => backup.Timeline)).Distinct().Order().Select(
                timeline => new WalPath(
                    known.GetValueOrDefault(timeline) ?? new TimelineHistory(timeline, []), size, numbers, ends)),
        ];
        Windows = [.. _paths.SelectMany(WindowsOf)];
        Gaps = [.. _paths.SelectMany(GapsOf).DistinctBy(gap => (gap.First, gap.Last))];
    }

    /// <summary>By timeline, then by position; without the time of the last commit.</summary>
    public IReadOnlyList<RecoveryWindow> Windows { get; }

    /// <summary>By timeline, then by position. A gap on a stretch that timelines share is named once.</summary>
    public IReadOnlyList<WalGap> Gaps { get; }

    /// <summary>Of every timeline that has a segment or a backup.</summary>
    internal IReadOnlyList<WalPath> Paths => _paths;

    /// <summary>Whether anything of the timeline's own is archived: else it only repeats an older one.</summary>
    internal static bool HasOwnWal(WalPath path) => path.RunOf(path.FirstOwn) is not null
        || (path.History.Entries.Count == 0 && path.Runs.Count > 0);

    private IEnumerable<RecoveryWindow> WindowsOf(WalPath path)
    {
        var held =
            from backup in _backups
            where path.Holds(backup)
            let run = path.RunOf(backup)
            where run is not null && (backup.Timeline == path.Timeline || run.Value.Last >= path.FirstOwn)
            group backup by run.Value into window
            orderby window.Key.First
            select window;
        foreach (var window in held)
        {
            var oldest = window.First();
            var last = path.NameOf(window.Key.Last);
            yield return new RecoveryWindow(
                _lineage,
                path.Timeline,
                oldest.StopLsn,
                _ends.TryGetValue((last.Timeline, last.Number), out var end) ? end : last.End,
                oldest.StopTime,
                EndTime: null,
                [.. window.Select(backup => backup.Id)],
                last);
        }
    }

    private IEnumerable<WalGap> GapsOf(WalPath path)
    {
        // What a backup needs lacks also when nothing before or behind it is archived.
        var needed = _backups
            .Where(backup => path.Holds(backup) && backup.Timeline == path.Timeline)
            .Select(backup => new WalRun(path.FirstNeededBy(backup), path.LastNeededBy(backup)))
            .ToList();
        if (path.Runs.Count == 0 && needed.Count == 0)
        {
            yield break;
        }

        var next = needed.Select(run => run.First).Concat(path.Runs.Take(1).Select(run => run.First)).Min();
        string? before = null;
        foreach (var run in path.Runs)
        {
            // Runs that follow each other are parted by a segment whose end lacks.
            var missing = before is not null && run.First == next ? next - 1 : next;
            if (run.First > missing)
            {
                foreach (var gap in GapsOf(path, missing, run.First - 1, before, path.NameOf(run.First).ToString()))
                {
                    yield return gap;
                }
            }

            next = Math.Max(next, run.Last + 1);
            before = path.NameOf(run.Last).ToString();
        }

        var end = needed.Count == 0 ? 0 : needed.Max(run => run.Last);
        if (end >= next)
        {
            foreach (var gap in GapsOf(path, next, end, before, after: null))
            {
                yield return gap;
            }
        }
    }

    /// <summary>What lacks between two runs; what has expired parts it and is none of it.</summary>
    private IEnumerable<WalGap> GapsOf(WalPath path, ulong first, ulong last, string? before, string? after)
    {
        if (_expired.IsEmpty)
        {
            yield return Gap(path, first, last, before, after);
            yield break;
        }

        foreach (var part in path.Parts(first, last))
        {
            foreach (var (from, to) in _expired.Without(part.Timeline, part.First, part.Last))
            {
                yield return Gap(path, from, to, from == first ? before : null, to == last ? after : null);
            }
        }
    }

    private WalGap Gap(WalPath path, ulong first, ulong last, string? before, string? after) => new(
        _lineage,
        path.Timeline,
        path.NameOf(first).ToString(),
        path.NameOf(last).ToString(),
        last - first + 1,
        before,
        after);
}
