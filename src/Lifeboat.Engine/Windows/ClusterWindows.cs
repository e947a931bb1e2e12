using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Windows;

/// <summary>The points in time of a cluster that can be recovered, and what lacks for others.</summary>
/// <param name="Windows">Of all lineages, the first lineage in front; then by timeline and position.</param>
/// <param name="Conflicts">Names under which several contents are archived.</param>
/// <param name="Faults">What could not be read, in words.</param>
public sealed record ClusterWindows(
    IReadOnlyList<RecoveryWindow> Windows,
    IReadOnlyList<WalGap> Gaps,
    IReadOnlyList<WalConflict> Conflicts,
    IReadOnlyList<string> Faults)
{
    /// <summary>An idle server's segments hold no commits: so many are asked for the last one.</summary>
    private const int MostSegmentsForTime = 64;

    /// <summary>
    /// Reads names and history files of the archive, all manifests, and the facts of the last segments of each window. What
    /// is damaged inside other segments is not noticed here: that is what a check finds.
    /// </summary>
    /// <exception cref="LifeboatException">Errors of the store.</exception>
    public static async ValueTask<ClusterWindows> LoadAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var (archives, damage) = await LineageArchive.LoadAllAsync(cluster, cancellationToken);
        var windows = new List<RecoveryWindow>();
        var gaps = new List<WalGap>();
        var faults = new List<string>(damage);
        foreach (var archive in archives)
        {
            var cache = new WalFactsCache(cluster, archive.Size);
            foreach (var window in archive.Coverage.Windows.Where(window => IsOwn(archive, window)))
            {
                windows.Add(await WithEndAsync(archive, window, cache, faults, cancellationToken));
            }

            gaps.AddRange(archive.Coverage.Gaps.Where(gap => Concerns(archive, gap)));
            faults.AddRange(archive.Faults);
        }

        return new ClusterWindows(
            windows,
            gaps,
            [.. archives.SelectMany(archive => archive.Conflicts).DistinctBy(conflict => (conflict.Lineage, conflict.File))],
            [.. faults.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>A window along a timeline of the lineage's source is the source's.</summary>
    private static bool IsOwn(LineageArchive archive, RecoveryWindow window) =>
        archive.Record.Parent is not { } origin || window.Timeline > origin.Timeline
        || archive.Backups.Any(backup => backup.Lineage == archive.Record.Id && backup.Timeline == window.Timeline);

    /// <summary>What lacks in the source before the copy left it is the source's, too.</summary>
    private static bool Concerns(LineageArchive archive, WalGap gap) =>
        archive.Record.Parent is not { } origin
        || (WalSegmentName.TryParse(gap.Last, archive.Size, out var last) && last.End > origin.From
            && gap.Timeline > origin.Timeline);

    /// <summary>The window with the end of its last record and the time of its last commit.</summary>
    private static async ValueTask<RecoveryWindow> WithEndAsync(
        LineageArchive archive,
        RecoveryWindow window,
        WalFactsCache cache,
        List<string> faults,
        CancellationToken cancellationToken)
    {
        var path = archive.Coverage.Paths.Single(path => path.Timeline == window.Timeline);
        var run = path.RunOf(window.LastSegment.Number)!.Value;
        var newest = archive.Backups.Last(backup => window.Backups.Contains(backup.Id, StringComparer.Ordinal));
        var end = window.End;
        for (var back = 0UL; back < MostSegmentsForTime && back <= run.Last - run.First; back++)
        {
            var name = path.NameOf(run.Last - back);
            try
            {
                var facts = await cache.ReadAsync(archive.Find(name)!, cancellationToken);
                if (back == 0 && facts.Segment?.EndOfRecords is { } records && records > window.Start)
                {
                    end = records;
                }

                if (facts.Segment?.LastCommitTime is { } time)
                {
                    return window with { End = end, EndTime = time };
                }
            }
            catch (LifeboatException damaged) when (damaged.Code is ErrorCode.Damaged or ErrorCode.Conflict)
            {
                faults.Add(damaged.Message);
            }

            if (name.Start < newest.StartLsn)
            {
                break;
            }
        }

        return window with { End = end, EndTime = newest.StopTime };
    }
}
