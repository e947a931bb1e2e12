using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// What a recovery in one lineage can use: its own WAL files and backups, and those of the lineages that it comes from, up
/// to the timeline that it shares with them.
/// </summary>
internal sealed class LineageArchive
{
    private readonly Dictionary<string, WalObject> _files;

    private LineageArchive(
        LineageRecord record,
        Dictionary<string, WalObject> files,
        IReadOnlyList<BackupManifest> backups,
        IReadOnlyList<TimelineHistory> histories,
        IReadOnlyList<WalConflict> conflicts,
        IReadOnlyList<string> faults,
        ExpiredWal expired)
    {
        Record = record;
        _files = files;
        Backups = backups;
        Conflicts = conflicts;
        Faults = faults;
        Histories = histories;
        Size = new WalSegmentSize(record.SegmentSize);
        Coverage = new WalCoverage(
            record.Id,
            Size,
            SegmentsOf(files.Keys),
            histories,
            backups.Select(BackupPoint.Of),
            PartialSegments.Unfinished(files.Values, Size),
            expired);
    }

    internal LineageRecord Record { get; }

    internal WalSegmentSize Size { get; }

    internal WalCoverage Coverage { get; }

    /// <summary>
    /// What is stored in this lineage itself and has not expired: whole files, conflicting ones too, and one object for each
    /// segment of which only pieces are.
    /// </summary>
    internal required IReadOnlyList<WalObject> Own { get; init; }

    /// <summary>The lineage, then those that it comes from, each with the last timeline that it shares with them.</summary>
    internal required IReadOnlyList<(Id128 Lineage, Timeline Shared)> Generations { get; init; }

    /// <summary>All that are archived and can be read.</summary>
    internal IReadOnlyList<TimelineHistory> Histories { get; }

    /// <summary>Oldest first.</summary>
    internal IReadOnlyList<BackupManifest> Backups { get; }

    internal IReadOnlyList<WalConflict> Conflicts { get; }

    /// <summary>What could not be read, in words.</summary>
    internal IReadOnlyList<string> Faults { get; }

    internal WalObject? Find(WalSegmentName segment) => Find(segment.ToString());

    internal WalObject? Find(string file) => _files.GetValueOrDefault(file);

    /// <summary>The error for a file that cannot be had: nothing of its name is archived, or several contents are.</summary>
    internal LifeboatException NotArchived(string file) =>
        Conflicts.FirstOrDefault(conflict => conflict.File == file) is { } conflict
            ? new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "read archived WAL",
                file,
                $"{conflict.Tags.Count} different contents are archived under this name",
                Hint: "'lifeboat check' lists them; find out which server's history is the right one."))
            : new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "read archived WAL",
                file,
                "it is not archived",
                Hint: "'lifeboat list' shows what is archived, and which segments are missing."));

    /// <summary>All lineages of the cluster that were ever used, the first one in front.</summary>
    internal static async ValueTask<(IReadOnlyList<LineageArchive> Archives, IReadOnlyList<string> Faults)> LoadAllAsync(
        Cluster cluster, CancellationToken cancellationToken)
    {
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, cancellationToken);
        return await LoadAllAsync(cluster, backups, damage, cancellationToken);
    }

    /// <summary>As the other, where the backups have been listed already.</summary>
    internal static async ValueTask<(IReadOnlyList<LineageArchive> Archives, IReadOnlyList<string> Faults)> LoadAllAsync(
        Cluster cluster,
        IReadOnlyList<BackupManifest> backups,
        IReadOnlyList<DamagedObjectException> damage,
        CancellationToken cancellationToken)
    {
        var records = await LineageCatalog.ListAsync(cluster, cancellationToken);
        var files = new Dictionary<Id128, List<WalObject>>();
        var partial = new Dictionary<Id128, List<WalObject>>();
        var expired = new Dictionary<Id128, ExpiredWal>();
        var faults = damage.Select(damaged => damaged.Message).ToList();
        foreach (var record in records)
        {
            var (gone, unreadable) = await WalTombstones.ReadAsync(cluster, record.Id, cancellationToken);
            var size = new WalSegmentSize(record.SegmentSize);
            files[record.Id] = await WalListing.ReadAsync(cluster, record.Id, cancellationToken);
            partial[record.Id] = await PartialSegments.ListAsync(
                cluster, record.Id, files[record.Id], cancellationToken);
            files[record.Id].RemoveAll(item => gone.Contains(item.File, size));
            partial[record.Id].RemoveAll(item => gone.Contains(item.File, size));
            expired[record.Id] = gone;
            faults.AddRange(unreadable.Select(damaged => damaged.Message));
        }

        var archives = new List<LineageArchive>();
        foreach (var record in records)
        {
            var generations = GenerationsOf(record, records);
            archives.Add(await BuildAsync(
                cluster, record, generations, files, partial, backups, expired, cancellationToken));
        }

        return (archives, faults);
    }

    /// <summary>The lineage and those it comes from, each with the last timeline that it shares with them.</summary>
    private static List<(Id128 Lineage, Timeline Shared)> GenerationsOf(
        LineageRecord record, IReadOnlyList<LineageRecord> records)
    {
        var generations = new List<(Id128 Lineage, Timeline Shared)> { (record.Id, new Timeline(uint.MaxValue)) };
        for (var origin = record.Parent;
            origin is not null && generations.TrueForAll(known => known.Lineage != origin.Lineage);
            origin = records.FirstOrDefault(parent => parent.Id == origin.Lineage)?.Parent)
        {
            var shared = generations[^1].Shared;
            generations.Add((origin.Lineage, origin.Timeline < shared ? origin.Timeline : shared));
        }

        return generations;
    }

    private static async ValueTask<LineageArchive> BuildAsync(
        Cluster cluster,
        LineageRecord record,
        List<(Id128 Lineage, Timeline Shared)> generations,
        Dictionary<Id128, List<WalObject>> files,
        Dictionary<Id128, List<WalObject>> partials,
        IReadOnlyList<BackupManifest> backups,
        Dictionary<Id128, ExpiredWal> expired,
        CancellationToken cancellationToken)
    {
        var visible = new Dictionary<string, WalObject>(StringComparer.Ordinal);
        var conflicts = new Dictionary<string, WalConflict>(StringComparer.Ordinal);
        foreach (var (lineage, shared) in generations)
        {
            var named = files.GetValueOrDefault(lineage, [])
                .Where(item => TimelineOf(item) <= shared && !visible.ContainsKey(item.File))
                .GroupBy(item => item.File, StringComparer.Ordinal)
                .ToList();
            foreach (var file in named.Where(file => !conflicts.ContainsKey(file.Key)))
            {
                if (file.Skip(1).Any())
                {
                    conflicts[file.Key] = new WalConflict(lineage, file.Key, [.. file.Select(item => item.Tag)]);
                }
                else
                {
                    visible[file.Key] = file.First();
                }
            }

            foreach (var partial in partials.GetValueOrDefault(lineage, []))
            {
                if (TimelineOf(partial) <= shared && !conflicts.ContainsKey(partial.File))
                {
                    visible.TryAdd(partial.File, partial);
                }
            }
        }

        var faults = new List<string>();
        var histories = await ReadHistoriesAsync(cluster, visible.Values, faults, cancellationToken);
        var usable = backups.Where(backup => generations.Exists(
            generation => generation.Lineage == backup.Lineage && backup.Timeline <= generation.Shared));
        var gone = generations.SelectMany(generation => expired.GetValueOrDefault(generation.Lineage, ExpiredWal.None).Ranges
            .Where(range => range.Timeline <= generation.Shared));
        return new LineageArchive(
            record, visible, [.. usable], histories, [.. conflicts.Values], faults, new ExpiredWal(gone))
        {
            Own = [.. files.GetValueOrDefault(record.Id, []), .. partials.GetValueOrDefault(record.Id, [])],
            Generations = generations,
        };
    }

    private static async ValueTask<List<TimelineHistory>> ReadHistoriesAsync(
        Cluster cluster, IEnumerable<WalObject> files, List<string> faults, CancellationToken cancellationToken)
    {
        var histories = new List<TimelineHistory>();
        foreach (var item in files)
        {
            if (!TimelineHistory.TryParseFileName(item.File, out var timeline))
            {
                continue;
            }

            try
            {
                var (content, _) = await WalStore.ReadAsync(cluster, item, cancellationToken);
                histories.Add(TimelineHistory.Parse(timeline, content));
            }
            catch (LifeboatException damaged) when (damaged.Code == ErrorCode.Damaged)
            {
                faults.Add(damaged.Message);
            }
        }

        return histories;
    }

    private static Timeline TimelineOf(WalObject item) =>
        Timeline.TryParseHex(item.File.AsSpan(0, 8), out var timeline) ? timeline : new Timeline(uint.MaxValue);

    private IEnumerable<WalSegmentName> SegmentsOf(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            if (WalSegmentName.TryParse(file, Size, out var segment))
            {
                yield return segment;
            }
        }
    }
}
