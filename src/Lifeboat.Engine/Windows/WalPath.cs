using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// The segments that a recovery along one timeline reads, in their order: of each segment number the file of the newest
/// timeline of the history that has begun by then. PostgreSQL chooses alike (XLogFileReadAnyTLI, xlogrecovery.c); the
/// segment in which a timeline began is the newer timeline's, which begins as a copy of the older one's.
/// </summary>
internal sealed class WalPath
{
    private readonly (Timeline Timeline, ulong First)[] _stretches;
    private readonly WalRun[] _runs;

    /// <param name="history">Of the timeline; one without entries when it has no ancestors, or they are not known.</param>
    /// <param name="present">Of each timeline the numbers of the segments that are archived, ascending.</param>
    /// <param name="unfinished">Those of them whose end is not archived.</param>
    internal WalPath(
        TimelineHistory history,
        WalSegmentSize size,
        IReadOnlyDictionary<Timeline, IReadOnlyList<ulong>> present,
        IReadOnlySet<(Timeline Timeline, ulong Number)>? unfinished = null)
    {
        History = history;
        Size = size;
        _stretches =
        [
            .. history.Entries.Select(entry => (entry.Timeline, BeginOf(entry.Timeline))),
            (history.Timeline, BeginOf(history.Timeline)),
        ];
        _runs = [.. RunsOf(present, unfinished ?? new HashSet<(Timeline Timeline, ulong Number)>())];
    }

    internal TimelineHistory History { get; }

    internal Timeline Timeline => History.Timeline;

    internal WalSegmentSize Size { get; }

    /// <summary>What is archived of the path, ascending; between two of them segments are missing.</summary>
    internal IReadOnlyList<WalRun> Runs => _runs;

    /// <summary>The first segment that is this timeline's own.</summary>
    internal ulong FirstOwn => _stretches[^1].First;

    internal WalSegmentName NameOf(ulong number)
    {
        var timeline = Array.FindLast(_stretches, stretch => stretch.First <= number).Timeline;
        return new WalSegmentName(timeline.Value == 0 ? _stretches[0].Timeline : timeline, number, Size);
    }

    /// <summary>Segments of the path by the timelines whose files they are, ascending.</summary>
    internal IEnumerable<(Timeline Timeline, ulong First, ulong Last)> Parts(ulong first, ulong last)
    {
        for (var i = 0; i < _stretches.Length; i++)
        {
            var from = Math.Max(first, i == 0 ? 0 : _stretches[i].First);
            var to = i + 1 < _stretches.Length ? Math.Min(last, _stretches[i + 1].First - 1) : last;
            if (from <= to && (i + 1 == _stretches.Length || _stretches[i + 1].First > 0))
            {
                yield return (_stretches[i].Timeline, from, to);
            }
        }
    }

    /// <summary>The run that the segment is in; null when it is not archived.</summary>
    internal WalRun? RunOf(ulong number)
    {
        var found = Array.FindIndex(_runs, run => run.Contains(number));
        return found < 0 ? null : _runs[found];
    }

    /// <summary>
    /// Whether a backup lies on this path: its stop is a state that the history went through, and is not left behind on
    /// another branch.
    /// </summary>
    internal bool Holds(BackupPoint backup) =>
        History.Contains(backup.Timeline, backup.StartLsn) && History.Contains(backup.Timeline, backup.StopLsn);

    internal ulong FirstNeededBy(BackupPoint backup) => Size.SegmentOf(backup.StartLsn);

    internal ulong LastNeededBy(BackupPoint backup) => WalSegmentName.OfEnd(Timeline, backup.StopLsn, Size).Number;

    /// <summary>The run in which the backup and all the WAL that it needs to be consistent lie; null when some is missing.</summary>
    internal WalRun? RunOf(BackupPoint backup) =>
        RunOf(FirstNeededBy(backup)) is { } run && run.Contains(LastNeededBy(backup)) ? run : null;

    private ulong BeginOf(Timeline timeline) => Size.SegmentOf(History.SwitchedTo(timeline) ?? Lsn.Zero);

    private IEnumerable<WalRun> RunsOf(
        IReadOnlyDictionary<Timeline, IReadOnlyList<ulong>> present,
        IReadOnlySet<(Timeline Timeline, ulong Number)> unfinished)
    {
        WalRun? run = null;
        var goesOn = true;
        for (var i = 0; i < _stretches.Length; i++)
        {
            var (timeline, first) = _stretches[i];
            var end = i + 1 < _stretches.Length ? _stretches[i + 1].First : ulong.MaxValue;
            foreach (var number in present.GetValueOrDefault(timeline, []).Where(n => n >= first && n < end))
            {
                if (run is { } before && goesOn && number == before.Last + 1)
                {
                    run = before with { Last = number };
                    goesOn = !unfinished.Contains((timeline, number));
                    continue;
                }

                if (run is { } ended)
                {
                    yield return ended;
                }

                run = new WalRun(number, number);
                goesOn = !unfinished.Contains((timeline, number));
            }
        }

        if (run is { } last)
        {
            yield return last;
        }
    }
}
