using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>
/// Finds the transactions that dropped, emptied, deleted or updated, in the archived WAL behind the backups, and for each
/// the target just before it.
/// </summary>
public static class WalFind
{
    private const string Operation = "find transactions in the archived WAL";

    /// <summary>Maps of names that are held at once.</summary>
    private const int MostMaps = 8;

    /// <exception cref="LifeboatException">
    /// NotFound: nothing to look through. Damaged: WAL that is archived cannot be read. Errors of the store.
    /// </exception>
    public static async Task<WalFindReport> RunAsync(
        WalFindRequest request, IActivity activity, CancellationToken cancellationToken)
    {
        var cluster = request.Cluster;
        var (archives, _) = await LineageArchive.LoadAllAsync(cluster, cancellationToken);
        var wanted = request.Lineage ?? cluster.FirstLineage;
        var archive = archives.FirstOrDefault(archive => archive.Record.Id == wanted)
            ?? throw Nothing($"lineage {wanted}", "nothing of it is archived");
        var path = PathOf(request, archive);
        var windows = archive.Coverage.Windows.Where(window => window.Timeline == path.Timeline).ToList();
        if (windows.Count == 0)
        {
            throw Nothing(
                $"timeline {path.Timeline}", "no backup there has all the WAL that it needs, so nothing can be recovered");
        }

        var cache = new WalFactsCache(cluster, archive.Size);
        var ranges = new List<FindRange>();
        foreach (var window in windows)
        {
            if (await FindRange.OfAsync(request, archive, path, window, cache, cancellationToken) is { } range)
            {
                ranges.Add(range);
            }
        }

        var found = new FoundTransactions(request);
        var stretches = new List<(Lsn, Lsn)>();
        var total = ranges.Aggregate(0UL, (sum, range) => sum + range.Last - range.First + 1);
        var done = 0UL;
        foreach (var range in ranges)
        {
            stretches.Add(await ScanAsync(request, archive, path, range, found, Progress, cancellationToken));
        }

        return new WalFindReport(
            archive.Record.Id,
            path.Timeline,
            found.Kept(),
            found.LeftOut,
            stretches,
            (long)total,
            Notes(archive, path));

        void Progress() => activity.Progress(
            "Reading WAL", (long)++done * archive.Size.Bytes, (long)total * archive.Size.Bytes);
    }

    private static async Task<(Lsn From, Lsn To)> ScanAsync(
        WalFindRequest request,
        LineageArchive archive,
        WalPath path,
        FindRange range,
        FoundTransactions found,
        Action progress,
        CancellationToken cancellationToken)
    {
        var names = await NamesAsync(request.Cluster, archive, path, range, cancellationToken);
        var collector = new CommitCollector(request, names, found, range.Window.Start);
        var scan = new TransactionScan(request.Event, names, collector.Take);
        var reader = new WalRecordReader();
        Lsn? from = null;
        var to = Lsn.Zero;
        await foreach (var (name, content) in SegmentContents.ReadAsync(
            request.Cluster, archive, path, range.First, range.Last, cancellationToken))
        {
            reader.Supply(name, content);
            names.MoveTo(name.Start);
            while (reader.TryRead(out var record))
            {
                from ??= record.Lsn;
                to = record.EndLsn;
                scan.Feed(record);
            }

            progress();
            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }
        }

        return (from ?? path.NameOf(range.First).Start, to);
    }

    private static async Task<RelationNames> NamesAsync(
        Cluster cluster,
        LineageArchive archive,
        WalPath path,
        FindRange range,
        CancellationToken cancellationToken)
    {
        var start = path.NameOf(range.First).Start;
        var backups = archive.Backups.Where(backup => path.Holds(BackupPoint.Of(backup))).ToList();
        var first = Math.Max(backups.FindLastIndex(backup => backup.StopLsn <= start), 0);
        var names = new RelationNames();
        foreach (var backup in backups.Skip(first).Take(MostMaps))
        {
            names.Add(backup.StopLsn, await BackupCatalog.ReadCatalogAsync(cluster, backup, cancellationToken));
        }

        return names;
    }

    private static WalPath PathOf(WalFindRequest request, LineageArchive archive) =>
        (request.Timeline is { } wanted
            ? archive.Coverage.Paths.FirstOrDefault(path => path.Timeline == wanted)
            : archive.Coverage.Paths.LastOrDefault(WalCoverage.HasOwnWal))
        ?? throw Nothing(
            request.Timeline is { } timeline ? $"timeline {timeline}" : $"lineage {archive.Record.Id}",
            "nothing of it is archived");

    private static List<string> Notes(LineageArchive archive, WalPath path) =>
    [
        .. archive.Coverage.Gaps
            .Where(gap => gap.Timeline == path.Timeline && gap.Before is not null && gap.After is not null)
            .Select(gap => gap.Count == 1
                ? $"segment {gap.First} is missing: what was done in it is not known"
                : $"segments {gap.First} to {gap.Last} are missing: what was done in them is not known"),
    ];

    private static LifeboatException Nothing(string subject, string cause) => new(new Failure(
        ErrorCode.NotFound, Operation, subject, cause, Hint: "'lifeboat list' shows what can be recovered."));
}
