using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Retention;

namespace Lifeboat.Tests.Retention;

/// <summary>
/// A made-up history of a cluster: a segment of WAL every quarter of an hour, backups, a failover, a restored copy,
/// gaps, and
/// backups from clocks that are wrong. It knows by itself what can be recovered, from nothing but files that are there.
/// </summary>
internal sealed class History
{
    internal static readonly DateTimeOffset Begin = new(2026, 3, 27, 0, 0, 0, TimeSpan.Zero);
    internal static readonly TimeSpan Step = TimeSpan.FromMinutes(15);
    internal static readonly WalSegmentSize Size = new(1 << 20);
    internal static readonly Id128 Main = new(1, 1);
    internal static readonly Id128 Copy = new(2, 2);

    private readonly Random _random;

    internal History(int seed)
    {
        _random = new Random(seed);
        Steps = _random.Next(40, 500);
        Failover = _random.Next(3) == 0 ? _random.Next(10, Steps - 5) : null;
        CopyAt = _random.Next(3) == 0 ? _random.Next(10, Failover ?? (Steps - 5)) : null;
        Write(Main, 1, 0, Failover is { } left && _random.Next(2) == 0 ? left + 1 : Steps);
        if (Failover is { } promoted)
        {
            Write(Main, 2, promoted, Steps);
        }

        if (CopyAt is { } copied)
        {
            Write(Copy, 2, copied, copied + _random.Next(1, Steps - copied + 1));
        }

        AddBackups();
        Clock = Begin + (Steps * Step) + TimeSpan.FromMinutes(_random.Next(0, 60 * 24 * 12));
    }

    internal int Steps { get; }

    /// <summary>The segment in which timeline 2 of the main lineage began.</summary>
    internal int? Failover { get; }

    /// <summary>The segment in which the copy left timeline 1.</summary>
    internal int? CopyAt { get; }

    internal DateTimeOffset Clock { get; set; }

    internal HashSet<(Id128 Lineage, uint Timeline, int Number)> Files { get; } = [];

    internal List<RetentionBackup> Backups { get; } = [];

    internal List<string> Doubts { get; } = [];

    internal static DateTimeOffset TimeOf(int segment) => Begin + ((segment + 1) * Step);

    internal RetentionFacts Facts()
    {
        List<RetentionLineage> lineages = [Lineage(Main, null, [1, 2])];
        if (CopyAt is { } at)
        {
            lineages.Add(Lineage(Copy, new LineageOrigin(Main, "", Timeline.First, Size.StartOf((ulong)at)), [2]));
        }

        var backups = Backups.Select(backup => backup with
        {
            Incomplete = Needed(backup).All(file => Holds(backup.Lineage, file)) ? null : "a segment is missing",
        }).ToArray();
        var order = new Random(_random.Next());
        order.Shuffle(backups);
        return new RetentionFacts(backups, lineages, Doubts, Clock);
    }

    /// <summary>Carries a plan out by the letter.</summary>
    internal void Apply(RetentionPlan plan)
    {
        Backups.RemoveAll(backup => plan.Remove.Any(decision => decision.Backup.Id == backup.Id));
        foreach (var range in plan.WalGoing)
        {
            for (var number = range.First.Number; number <= range.Last.Number; number++)
            {
                if (!Files.Remove((range.Lineage, range.First.Timeline.Value, (int)number)))
                {
                    throw new InvalidOperationException($"{range} names what is not there");
                }
            }
        }
    }

    /// <summary>The lineages and timelines along which somebody may recover.</summary>
    internal IEnumerable<(Id128 Lineage, uint Timeline)> Branches()
    {
        yield return (Main, 1);
        if (Failover is not null)
        {
            yield return (Main, 2);
        }

        if (CopyAt is not null)
        {
            yield return (Copy, 2);
        }
    }

    /// <summary>The segments up to which a recovery along a branch can come.</summary>
    internal HashSet<int> Recoverable(Id128 lineage, uint timeline)
    {
        var fork = ForkOf(lineage, timeline);
        (uint Timeline, int Number) FileAt(int number) => (number >= fork ? timeline : 1, number);
        var points = new HashSet<int>();
        foreach (var backup in Backups.Where(backup => IsVisible(lineage, backup) && IsOn(backup, timeline, fork)))
        {
            var number = (int)Size.SegmentOf(backup.StartLsn);
            while (Holds(lineage, FileAt(number)))
            {
                if (number >= StopOf(backup))
                {
                    points.Add(number);
                }

                number++;
            }
        }

        return points;
    }

    internal static int StopOf(RetentionBackup backup) => (int)Size.SegmentOf(new Lsn(backup.StopLsn.Value - 1));

    internal IEnumerable<(uint Timeline, int Number)> Needed(RetentionBackup backup)
    {
        for (var number = (int)Size.SegmentOf(backup.StartLsn); number <= StopOf(backup); number++)
        {
            yield return (backup.Timeline.Value, number);
        }
    }

    internal bool Holds(Id128 lineage, (uint Timeline, int Number) file) =>
        Files.Contains((lineage, file.Timeline, file.Number))
        || (lineage == Copy && file.Timeline == 1 && Files.Contains((Main, 1, file.Number)));

    private static bool IsVisible(Id128 lineage, RetentionBackup backup) =>
        backup.Lineage == lineage || (lineage == Copy && backup.Timeline.Value == 1);

    private static bool IsOn(RetentionBackup backup, uint timeline, int fork) => backup.Timeline.Value == timeline
        ? timeline == 1 || backup.StartLsn >= Middle(fork)
        : backup.Timeline.Value == 1 && backup.StopLsn <= Middle(fork);

    private int ForkOf(Id128 lineage, uint timeline) =>
        timeline == 1 ? 0 : lineage == Main ? Failover!.Value : CopyAt!.Value;

    private static Lsn Middle(int segment) => Size.StartOf((ulong)segment) + ((ulong)Size.Bytes / 2);

    private RetentionLineage Lineage(Id128 id, LineageOrigin? parent, uint[] timelines)
    {
        var own = timelines
            .Where(timeline => Files.Any(file => file.Lineage == id && file.Timeline == timeline)
                || Backups.Exists(backup => backup.Lineage == id && backup.Timeline.Value == timeline))
            .Select(timeline => new RetentionTimeline(
                new Timeline(timeline),
                timeline == 1 ? new TimelineHistory(Timeline.First, []) : new TimelineHistory(
                    new Timeline(2), [new TimelineHistoryEntry(Timeline.First, Middle(ForkOf(id, 2)), "")]),
                Files.Where(file => file.Lineage == id && file.Timeline == timeline)
                    .Select(file => TimeOf(file.Number)).DefaultIfEmpty(Begin).Max()))
            .ToList();
        var seen = own.Select(timeline => timeline.LastArchived).DefaultIfEmpty(Begin).Max();
        var all = (id, new Timeline(uint.MaxValue));
        return new RetentionLineage(
            id,
            Size,
            parent is null ? [all] : [all, (Main, Timeline.First)],
            parent,
            seen,
            own,
            [
                .. Files.Where(file => file.Lineage == id)
                    .Select(file => new RetentionSegment(new Timeline(file.Timeline), (ulong)file.Number, 10)),
            ]);
    }

    private void Write(Id128 lineage, uint timeline, int from, int to)
    {
        for (var number = from; number < to; number++)
        {
            if (_random.Next(80) > 0)
            {
                Files.Add((lineage, timeline, number));
            }
        }
    }

    private void AddBackups()
    {
        foreach (var (lineage, timeline) in Branches())
        {
            var numbers = Files.Where(file => file.Lineage == lineage && file.Timeline == timeline)
                .Select(file => file.Number).Order().ToList();
            var every = _random.Next(2, 40);
            foreach (var number in numbers.Where(_ => _random.Next(every) == 0))
            {
                // Those near the fork are on one side of it.
                var fork = ForkOf(lineage, timeline);
                var start = number == fork ? Middle(fork) + 100 : Size.StartOf((ulong)number) + 40;
                var stop = number + _random.Next(0, 3);
                Backups.Add(new RetentionBackup(
                    $"b{Backups.Count:0000}",
                    lineage,
                    new Timeline(timeline),
                    start,
                    Size.StartOf((ulong)stop + 1),
                    TimeOf(stop) + (_random.Next(60) == 0 ? TimeSpan.FromHours(_random.Next(-90, 2000)) : TimeSpan.Zero),
                    _random.Next(4) == 0 ? ["gold"] : [],
                    _random.Next(20) == 0
                        ? new BackupPin("why", _random.Next(2) == 0 ? null : Begin + TimeSpan.FromDays(_random.Next(30)))
                        : null,
                    Incomplete: null));
            }
        }
    }
}
