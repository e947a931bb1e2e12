namespace Lifeboat.Postgres.Format;

/// <summary>
/// How a timeline came to be: the timelines that the WAL went through, oldest first, and where each was left. This is
/// the content of <c>0000000A.history</c>; the first timeline has no such file and an empty history.
/// </summary>
public sealed partial class TimelineHistory
{
    private readonly TimelineHistoryEntry[] _entries;

    /// <param name="timeline">The timeline whose history this is.</param>
    /// <param name="entries">Its ancestors, oldest first: ids rise, switch points do not fall.</param>
    /// <exception cref="ArgumentException">Entries out of order.</exception>
    public TimelineHistory(Timeline timeline, IEnumerable<TimelineHistoryEntry> entries)
    {
        Timeline = timeline;
        _entries = [.. entries];
        if (FindDisorder(timeline, _entries) is { } disorder)
        {
            throw new ArgumentException(disorder, nameof(entries));
        }
    }

    public Timeline Timeline { get; }

    public IReadOnlyList<TimelineHistoryEntry> Entries => _entries;

    /// <summary>The name of the file that holds the history of a timeline: <c>0000000A.history</c>.</summary>
    public static string FileName(Timeline timeline) => $"{timeline.ToHex()}.history";

    /// <summary>The timeline whose history a file of this name holds; false for any other name.</summary>
    public static bool TryParseFileName(ReadOnlySpan<char> name, out Timeline timeline)
    {
        timeline = default;
        return name.EndsWith(".history", StringComparison.Ordinal)
            && Lifeboat.Postgres.Format.Timeline.TryParseHex(name[..^".history".Length], out timeline);
    }

    /// <summary>
    /// The timeline that holds the byte at this position. The byte at a switch point is the new timeline's.
    /// </summary>
    public Timeline TimelineOf(Lsn lsn)
    {
        foreach (var entry in _entries)
        {
            if (lsn < entry.SwitchPoint)
            {
                return entry.Timeline;
            }
        }

        return Timeline;
    }

    public bool Includes(Timeline timeline) => timeline == Timeline || Find(timeline) is not null;

    /// <summary>Where the history left this timeline; null for its own one and for one that it never was on.</summary>
    public Lsn? SwitchedFrom(Timeline timeline) => Find(timeline)?.SwitchPoint;

    /// <summary>
    /// Where the history came to this timeline: zero for the oldest one, null for one that it never was on.
    /// </summary>
    public Lsn? SwitchedTo(Timeline timeline)
    {
        var begin = Lsn.Zero;
        foreach (var entry in _entries)
        {
            if (entry.Timeline == timeline)
            {
                return begin;
            }

            begin = entry.SwitchPoint;
        }

        return timeline == Timeline ? begin : null;
    }

    /// <summary>
    /// Whether the state "replayed up to <paramref name="end"/> on <paramref name="timeline"/>" is one that this
    /// history went through. An end at a switch point is on both timelines: the same WAL leads to it.
    /// </summary>
    public bool Contains(Timeline timeline, Lsn end) =>
        SwitchedTo(timeline) is { } begin && end >= begin && (SwitchedFrom(timeline) is not { } left || end <= left);

    /// <summary>
    /// The stretches of WAL from <paramref name="start"/> on <paramref name="startTimeline"/> up to
    /// <paramref name="end"/> on this timeline, newest first: what a backup manifest calls WAL-Ranges.
    /// </summary>
    /// <exception cref="ArgumentException">The start is not in this history, or lies behind the end.</exception>
    public IReadOnlyList<WalRange> WalRanges(Timeline startTimeline, Lsn start, Lsn end)
    {
        if (!Contains(startTimeline, start) || end < start || end < SwitchedTo(Timeline))
        {
            throw new ArgumentException(
                $"{start} on timeline {startTimeline} up to {end} is not in the history of timeline {Timeline}");
        }

        var ranges = new List<WalRange>();
        var timeline = Timeline;
        for (var index = _entries.Length - 1; timeline != startTimeline; index--)
        {
            var switchPoint = _entries[index].SwitchPoint;
            ranges.Add(new WalRange(timeline, switchPoint, end));
            (timeline, end) = (_entries[index].Timeline, switchPoint);
        }

        ranges.Add(new WalRange(timeline, start, end));
        return ranges;
    }

    private static string? FindDisorder(Timeline timeline, ReadOnlySpan<TimelineHistoryEntry> entries)
    {
        TimelineHistoryEntry? previous = null;
        foreach (var entry in entries)
        {
            if (entry.Timeline.Value == 0 || (previous is not null && entry.Timeline <= previous.Timeline))
            {
                return $"timeline {entry.Timeline} does not come after the one before it";
            }

            if (previous is not null && entry.SwitchPoint < previous.SwitchPoint)
            {
                return $"timeline {entry.Timeline} was left at {entry.SwitchPoint}, before it began";
            }

            previous = entry;
        }

        return previous is not null && previous.Timeline >= timeline
            ? $"timeline {previous.Timeline} is not older than timeline {timeline}, whose history this is"
            : null;
    }

    private TimelineHistoryEntry? Find(Timeline timeline) => Array.Find(_entries, entry => entry.Timeline == timeline);
}
