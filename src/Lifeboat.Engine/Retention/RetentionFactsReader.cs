using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Retention;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Retention;

/// <summary>Reads from the repository what a decision of retention rests on.</summary>
public static class RetentionFactsReader
{
    /// <exception cref="Platform.Errors.LifeboatException">
    /// Errors of the store, and a record of a lineage that cannot be read. A listing that failed is never taken for
    /// an empty
    /// one.
    /// </exception>
    public static async ValueTask<RetentionFacts> LoadAsync(
        Cluster cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        var listing = await BackupListing.LoadAsync(cluster, withNotes: true, cancellationToken);
        var maps = await MapRuns.ListAsync(cluster, cancellationToken);
        var (archives, faults) = await LineageArchive.LoadAllAsync(
            cluster, listing.Backups, listing.Damage, cancellationToken);
        var backups = new List<RetentionBackup>();
        foreach (var backup in listing.Backups)
        {
            var archive = archives.FirstOrDefault(archive => archive.Record.Id == backup.Lineage);
            var notes = listing.NotesOf(backup.Id);
            backups.Add(new RetentionBackup(
                backup.Id,
                backup.Lineage,
                backup.Timeline,
                backup.StartLsn,
                backup.StopLsn,
                backup.StopTime,
                notes.Tags,
                notes.Pin,
                BackupCompleteness.Fault(backup, archive, maps)));
        }

        var lineages = new List<RetentionLineage>();
        foreach (var archive in archives)
        {
            lineages.Add(await ReadAsync(cluster, archive, listing, time, cancellationToken));
        }

        List<string> doubts = [.. faults, .. archives.SelectMany(archive => archive.Faults)];
        return new RetentionFacts(
            backups, lineages, [.. doubts.Distinct(StringComparer.Ordinal)], time.GetUtcNow());
    }

    private static async ValueTask<RetentionLineage> ReadAsync(
        Cluster cluster,
        LineageArchive archive,
        BackupListing listing,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var own = listing.Backups.Where(backup => backup.Lineage == archive.Record.Id).ToList();
        var files = archive.Own.Where(item => Timeline.TryParseHex(item.File.AsSpan(0, 8), out _))
            .ToLookup(item => Timeline.TryParseHex(item.File.AsSpan(0, 8), out var timeline) ? timeline : default);
        var timelines = new List<RetentionTimeline>();
        foreach (var timeline in files.Select(group => group.Key)
            .Concat(own.Select(backup => backup.Timeline)).Distinct().Order())
        {
            var last = await LastArchivedAsync(cluster, files[timeline], time, cancellationToken);
            timelines.Add(new RetentionTimeline(
                timeline,
                timeline == Timeline.First
                    ? new TimelineHistory(timeline, [])
                    : archive.Histories.FirstOrDefault(history => history.Timeline == timeline),
                own.Where(backup => backup.Timeline == timeline).Select(backup => backup.StopTime).Append(last).Max()));
        }

        var bound = await LineageCatalog.BoundAtAsync(cluster, archive.Record.Id, cancellationToken);
        return new RetentionLineage(
            archive.Record.Id,
            archive.Size,
            archive.Generations,
            archive.Record.Parent,
            timelines.Select(timeline => timeline.LastArchived).Append(bound ?? time.GetUtcNow()).Max(),
            timelines,
            SegmentsOf(archive, listing.Unfinished));
    }

    /// <summary>When the last segment of a timeline came; without one, its history.</summary>
    private static async ValueTask<DateTimeOffset> LastArchivedAsync(
        Cluster cluster, IEnumerable<WalObject> files, TimeProvider time, CancellationToken cancellationToken)
    {
        var last = files.OrderByDescending(item => WalFileName.IsSegment(item.File) || WalFileName.IsPartial(item.File))
            .ThenByDescending(item => item.File, StringComparer.Ordinal).FirstOrDefault();
        if (last is null)
        {
            return DateTimeOffset.MinValue;
        }

        // One that went away since it was listed tells nothing: then the timeline counts as used right now.
        return await cluster.Store.StatAsync(last.Name, cancellationToken) is { } facts
            ? facts.LastModified
            : time.GetUtcNow();
    }

    /// <summary>But for those that an unfinished backup needs: whether they stay is no question until it is done.</summary>
    private static List<RetentionSegment> SegmentsOf(
        LineageArchive archive, IReadOnlyList<BackupManifest> unfinished)
    {
        var bytes = new Dictionary<(Timeline Timeline, ulong Number), long>();
        foreach (var item in archive.Own.Where(item => item.File.Length >= WalSegmentName.Length))
        {
            if (WalSegmentName.TryParse(item.File.AsSpan(0, WalSegmentName.Length), archive.Size, out var name)
                && !unfinished.Any(backup => backup.Lineage == archive.Record.Id && backup.Timeline == name.Timeline
                    && name.End > backup.StartLsn && name.Start < backup.StopLsn))
            {
                var key = (name.Timeline, name.Number);
                bytes[key] = bytes.GetValueOrDefault(key) + item.Size;
            }
        }

        return [.. bytes.Select(pair => new RetentionSegment(pair.Key.Timeline, pair.Key.Number, pair.Value))];
    }
}
