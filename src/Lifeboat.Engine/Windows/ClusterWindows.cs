using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
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
    /// <summary>What they were read from, for whoever asks further.</summary>
    internal IReadOnlyList<LineageArchive> Archives { get; private init; } = [];

    /// <summary>
    /// Reads names and history files of the archive, all manifests, and the facts of all segments of each window, many at
    /// once where there are catalogs of them. Damage within a segment's content is not noticed here: a check finds it.
    /// </summary>
    /// <exception cref="LifeboatException">Errors of the store.</exception>
    public static async ValueTask<ClusterWindows> LoadAsync(Cluster cluster, CancellationToken cancellationToken) =>
        await LoadAsync(
            cluster, await BackupListing.LoadAsync(cluster, withNotes: false, cancellationToken), cancellationToken);

    /// <summary>As the other, where the backups have been listed already.</summary>
    public static async ValueTask<ClusterWindows> LoadAsync(
        Cluster cluster, BackupListing listing, CancellationToken cancellationToken)
    {
        var (archives, damage) = await LineageArchive.LoadAllAsync(
            cluster, listing.Backups, listing.Damage, cancellationToken);
        var windows = new List<RecoveryWindow>();
        var gaps = new List<WalGap>();
        var faults = new List<string>(damage);
        foreach (var archive in archives)
        {
            var cache = new WalFactsCache(cluster, archive.Size);
            foreach (var window in archive.Coverage.Windows.Where(window => IsOwn(archive, window)))
            {
                var path = archive.Coverage.Paths.Single(path => path.Timeline == window.Timeline);
                var reading = new WindowReading(archive, path, cache, faults);
                windows.AddRange(await reading.ReadAsync(window, cancellationToken));
                gaps.AddRange(reading.Damaged);
            }

            gaps.AddRange(archive.Coverage.Gaps.Where(gap => Concerns(archive, gap)));
            faults.AddRange(archive.Faults);
        }

        return new ClusterWindows(
            windows,
            [.. gaps.DistinctBy(gap => (gap.Lineage, gap.First, gap.Last))],
            [.. archives.SelectMany(archive => archive.Conflicts).DistinctBy(conflict => (conflict.Lineage, conflict.File))],
            [.. faults.Distinct(StringComparer.Ordinal)])
        {
            Archives = archives,
        };
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
}
