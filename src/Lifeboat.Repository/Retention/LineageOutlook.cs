using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// One lineage as its recoveries see it: its timelines, and the backups that lie on them, those of the lineages that it
/// comes from included.
/// </summary>
internal sealed class LineageOutlook
{
    private readonly Timeline _newest;
    private readonly bool _hasOwnBackup;
    private readonly IReadOnlyList<(Timeline Timeline, Timeline Shared)> _inherited;

    internal LineageOutlook(RetentionLineage lineage, RetentionFacts facts)
    {
        Lineage = lineage;
        Paths = [.. lineage.Timelines.OrderBy(timeline => timeline.Timeline)
            .Select(timeline => new TimelineStretches(timeline, lineage.SegmentSize))];
        _newest = Paths.Select(path => path.Timeline).DefaultIfEmpty().Max();
        _hasOwnBackup = facts.Backups.Any(backup => backup.Lineage == lineage.Id);
        _inherited =
        [
            .. from generation in lineage.Generations
               join source in facts.Lineages on generation.Lineage equals source.Id
               from timeline in source.Timelines
               where timeline.Timeline <= generation.Shared
               select (timeline.Timeline, generation.Shared),
        ];
        Backups =
        [
            .. facts.Backups
                .Where(backup => lineage.Generations.Any(generation =>
                    generation.Lineage == backup.Lineage && backup.Timeline <= generation.Shared))
                .OrderBy(backup => backup.StopLsn).ThenBy(backup => backup.Id, StringComparer.Ordinal),
        ];
    }

    internal RetentionLineage Lineage { get; }

    internal IReadOnlyList<TimelineStretches> Paths { get; }

    /// <summary>By position.</summary>
    internal IReadOnlyList<RetentionBackup> Backups { get; }

    internal IEnumerable<RetentionBackup> On(TimelineStretches path) => Backups.Where(path.Holds);

    /// <summary>The timelines below one that are stored in the lineage or in those that it comes from.</summary>
    internal IEnumerable<Timeline> OlderThan(Timeline timeline) =>
        _inherited.Select(item => item.Timeline).Where(older => older < timeline).Distinct().Order();

    /// <summary>
    /// Whether points on the timeline may lie in the window, or still be added: it is the newest, or something came
    /// to it
    /// since the window's beginning. The newest always counts, since a quiet server archives nothing and is there;
    /// but for
    /// that of a copy that was given up.
    /// </summary>
    internal bool IsLive(TimelineStretches path, RetentionPolicy policy, DateTimeOffset now) =>
        path.Timeline == _newest
            ? IsInUse(policy, now)
            : now - path.LastArchived <= (policy.Window ?? RetentionMargins.WithoutWindow) + RetentionMargins.TimelineLeft;

    /// <summary>Whether anybody may still count on the lineage.</summary>
    internal bool IsInUse(RetentionPolicy policy, DateTimeOffset now)
    {
        var patience = policy.Window is { } window && window > RetentionMargins.CopyGivenUp
            ? window
            : RetentionMargins.CopyGivenUp;
        return Lineage.Parent is null || _hasOwnBackup
            || now - Lineage.LastSeen <= patience + RetentionMargins.TimelineLeft;
    }
}
