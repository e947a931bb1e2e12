using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Retention;

/// <summary>Which WAL stays, for which reasons, and which therefore goes. Pure.</summary>
internal sealed class WalDecision
{
    private readonly Dictionary<Id128, WalSegmentSize> _sizes;
    private readonly HashSet<WalKept> _kept = [];

    private WalDecision(RetentionFacts facts)
    {
        _sizes = facts.Lineages.ToDictionary(lineage => lineage.Id, lineage => lineage.SegmentSize);
    }

    internal IReadOnlyList<WalKept> Kept { get; private set; } = [];

    internal IReadOnlyList<WalGoing> Going { get; private set; } = [];

    /// <param name="keep">The backups that stay.</param>
    internal static WalDecision Of(
        List<LineageOutlook> outlooks,
        List<RetentionBackup> keep,
        RetentionFacts facts,
        RetentionPolicy policy,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string> clock)
    {
        var decision = new WalDecision(facts);
        var kept = keep.Select(backup => backup.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var outlook in outlooks)
        {
            foreach (var path in outlook.Paths)
            {
                decision.AddPath(outlook, path, kept, policy, now, clock);
            }

            decision.AddUnbegun(outlook, policy, now);
            foreach (var backup in keep.Where(backup => backup.Lineage == outlook.Lineage.Id))
            {
                decision.AddBackup(outlook, backup);
            }
        }

        decision.Kept =
        [
            .. decision._kept.OrderBy(range => range.Lineage).ThenBy(range => range.Timeline)
                .ThenBy(range => range.First).ThenBy(range => range.Last ?? ulong.MaxValue)
                .ThenBy(range => range.Why, StringComparer.Ordinal),
        ];
        decision.Going = facts.Doubts.Count > 0 ? [] : [.. outlooks.SelectMany(decision.GoingOf)];
        return decision;
    }

    /// <summary>What recoveries along one timeline need, to its end.</summary>
    private void AddPath(
        LineageOutlook outlook,
        TimelineStretches path,
        HashSet<string> kept,
        RetentionPolicy policy,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string> clock)
    {
        var isLive = outlook.IsLive(path, policy, now);
        if (path.IsUnknown && isLive)
        {
            AddOlder(outlook, path);
        }

        if (policy.Window is { } window)
        {
            if (isLive)
            {
                var first = WindowBase.Of(outlook.On(path), now - window, backup => !clock.ContainsKey(backup.Id)).Backup;
                AddFrom(outlook, path, first, $"for the window of {RetentionAge.Text(window)}");
            }

            return;
        }

        var oldest = outlook.On(path).Where(backup => kept.Contains(backup.Id)).MinBy(backup => backup.StartLsn);
        if (oldest is not null || isLive)
        {
            AddFrom(outlook, path, oldest, "every point from the oldest backup on (no --window)");
        }
    }

    private void AddFrom(LineageOutlook outlook, TimelineStretches path, RetentionBackup? first, string why)
    {
        var begin = first is null ? 0 : path.FirstNeededBy(first);
        foreach (var (timeline, from, to) in path.Between(begin, last: null))
        {
            Add(outlook, timeline, from, to, first is null
                ? $"no complete backup lies on timeline {path.Timeline}: one that runs may need it"
                : $"{why}, from {first.Id} on along timeline {path.Timeline}");
        }
    }

    /// <summary>Without its history it is not known which older timelines a timeline goes through.</summary>
    private void AddOlder(LineageOutlook outlook, TimelineStretches path)
    {
        foreach (var older in outlook.OlderThan(path.Timeline))
        {
            Add(outlook, older, 0, last: null, $"the history of timeline {path.Timeline} is not archived, so that it may "
                + "have come from here");
        }
    }

    /// <summary>A copy that has archived nothing yet may still recover from its source's WAL.</summary>
    private void AddUnbegun(LineageOutlook outlook, RetentionPolicy policy, DateTimeOffset now)
    {
        if (outlook.Lineage.Parent is not { } origin || outlook.Paths.Count > 0 || !outlook.IsInUse(policy, now))
        {
            return;
        }

        var backup = outlook.Backups.FirstOrDefault(backup => backup.Id == origin.Backup);
        var first = outlook.Lineage.SegmentSize.SegmentOf(backup?.StartLsn ?? Lsn.Zero);
        foreach (var timeline in outlook.OlderThan(new Timeline(uint.MaxValue)))
        {
            Add(outlook, timeline, first, last: null, $"the restored copy with lineage {outlook.Lineage.Id} has archived "
                + "nothing itself yet");
        }
    }

    /// <summary>What makes a backup consistent, along every timeline of its lineage that it lies on.</summary>
    private void AddBackup(LineageOutlook outlook, RetentionBackup backup)
    {
        var own = new TimelineStretches(
            new RetentionTimeline(backup.Timeline, History: null, backup.StopTime), outlook.Lineage.SegmentSize);
        foreach (var path in outlook.Paths.Where(path => path.Holds(backup)).Append(own))
        {
            foreach (var (timeline, from, to) in path.Between(path.FirstNeededBy(backup), path.LastNeededBy(backup)))
            {
                Add(outlook, timeline, from, to, $"{backup.Id} needs it to be consistent");
            }
        }
    }

    /// <summary>Keeps segments in the lineage and in all that it shares the timeline with.</summary>
    private void Add(LineageOutlook outlook, Timeline timeline, ulong first, ulong? last, string why)
    {
        foreach (var (lineage, shared) in outlook.Lineage.Generations)
        {
            if (timeline <= shared && _sizes.TryGetValue(lineage, out var size))
            {
                _kept.Add(new WalKept(lineage, timeline, size, first, last, why));
            }
        }
    }

    private IEnumerable<WalGoing> GoingOf(LineageOutlook outlook)
    {
        var lineage = outlook.Lineage;
        var needs = Kept.Where(range => range.Lineage == lineage.Id).ToLookup(range => range.Timeline);
        foreach (var timeline in lineage.Segments.GroupBy(segment => segment.Timeline).OrderBy(group => group.Key))
        {
            // By First, as they are in Kept; a range that ends before a segment is of no use to any later one.
            var ranges = new Queue<WalKept>(needs[timeline.Key]);
            var reach = (Any: false, Last: (ulong?)null);
            (ulong First, ulong Last, long Bytes)? run = null;
            foreach (var segment in timeline.OrderBy(segment => segment.Number))
            {
                while (ranges.TryPeek(out var range) && range.First <= segment.Number)
                {
                    reach = (true, Later(reach.Any, reach.Last, range.Last));
                    ranges.Dequeue();
                }

                if (reach.Any && (reach.Last is not { } end || segment.Number <= end))
                {
                    continue;
                }

                if (run is { } going && segment.Number == going.Last + 1)
                {
                    run = (going.First, segment.Number, going.Bytes + segment.Bytes);
                    continue;
                }

                if (run is { } ended)
                {
                    yield return Range(lineage, timeline.Key, ended);
                }

                run = (segment.Number, segment.Number, segment.Bytes);
            }

            if (run is { } last)
            {
                yield return Range(lineage, timeline.Key, last);
            }
        }
    }

    /// <summary>The later of two ends, where null is behind all.</summary>
    private static ulong? Later(bool any, ulong? one, ulong? other) =>
        !any ? other : one is not { } a || other is not { } b ? null : Math.Max(a, b);

    private static WalGoing Range(RetentionLineage lineage, Timeline timeline, (ulong First, ulong Last, long Bytes) run) => new(
        lineage.Id,
        new WalSegmentName(timeline, run.First, lineage.SegmentSize),
        new WalSegmentName(timeline, run.Last, lineage.SegmentSize),
        run.Bytes);
}
