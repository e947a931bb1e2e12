using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// What comes behind pg_backup_stop: the WAL that makes the copy consistent is seen in the repository, then the
/// manifest is put, and when everything that it needs is still there the completion, with which the backup exists.
/// </summary>
internal sealed class BackupCompletion(
    PhysicalBackupRequest request,
    BackupOrigin source,
    WriterSession session,
    IActivity activity,
    List<string> warnings)
{
    /// <summary>Some seconds' work; an archive from before there were catalogs gets them over several backups.</summary>
    private const int MostCatalogs = 16;

    /// <param name="began">When the backup was begun; its id comes from it.</param>
    /// <param name="start">What pg_backup_start answered.</param>
    /// <returns>The manifest as it is stored.</returns>
    internal async Task<BackupManifest> RunAsync(
        DateTimeOffset began,
        Lsn start,
        BackupStop stop,
        CopiedFiles copied,
        IReadOnlyList<CatalogLine> catalog,
        CancellationToken cancellationToken)
    {
        var stopTime = request.Time.GetUtcNow();
        var timeline = BackupLabel.Parse(stop.BackupLabel.Span).StartTimeline;
        await source.RequireEndAsync(request, timeline, cancellationToken);
        await new BackupWal(request, source, activity).EnsureAsync(timeline, start, stop.StopLsn, cancellationToken);
        var configuration = await source.ReadConfigurationAsync(request, warnings, cancellationToken);
        TellWarnings(copied);
        var manifest = Manifest(began, stopTime, timeline, start, stop, copied, configuration);
        await PutTagsAsync(manifest, cancellationToken);
        manifest = await session.CommitAsync(
            manifest, catalog, put => RequireWalAsync(put, cancellationToken), cancellationToken);
        await RollCatalogsAsync(cancellationToken);
        return manifest;
    }

    /// <summary>Before the manifest: no rule ever sees the backup without its tags.</summary>
    private async Task PutTagsAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        if (request.Tags.Count > 0)
        {
            var mark = new BackupMark(
                manifest.Id, BackupMark.OfTags, Text: null, [.. request.Tags], Until: null, request.Time.GetUtcNow(),
                manifest.Host);
            await BackupMarks.PutAsync(request.Cluster, manifest.Lineage, mark, cancellationToken);
        }
    }

    /// <summary>
    /// WAL expires when no manifest needs it, and this one was not there until now. Who expires WAL looks for new manifests
    /// behind that, unfinished ones too, so that one of the two sees the other.
    /// </summary>
    private async Task RequireWalAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        var (expired, _) = await WalTombstones.ReadAsync(request.Cluster, manifest.Lineage, cancellationToken);
        var size = new WalSegmentSize(manifest.Server.WalSegmentSize);
        var (first, last) = (
            size.SegmentOf(manifest.StartLsn), WalSegmentName.OfEnd(manifest.Timeline, manifest.StopLsn, size).Number);
        if (expired.Without(manifest.Timeline, first, last).SequenceEqual([(first, last)]))
        {
            return;
        }

        throw new LifeboatException(new Failure(
            ErrorCode.WalMissing,
            "complete the backup",
            manifest.Id,
            "a prune removed WAL that it needs while it was taken: it took longer than the window that is kept",
            Hint: "Run the backup again; if it takes so long each time, prune with a larger --window."));
    }

    /// <summary>The backup exists by now, and nothing depends on catalogs.</summary>
    private async Task RollCatalogsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var report = await WalCatalogRoll.RollCatalogsAsync(
                request.Cluster, source.Lineage.Id, cancellationToken, most: MostCatalogs);
            foreach (var (first, why) in report.Skipped)
            {
                activity.Warn($"the WAL from {first} on gets no catalog: {why}");
            }
        }
        catch (LifeboatException failure)
        {
            activity.Warn($"catalogs of WAL are left for the next backup: {failure.Message}");
        }
    }

    private void TellWarnings(CopiedFiles copied)
    {
        if (copied.ChecksumErrors > 0)
        {
            warnings.Insert(
                0,
                $"{copied.ChecksumErrors} pages of the server are damaged (first: {copied.DamagedPages[0]}); they are in "
                + "the backup as they are: keep older backups, and repair or restore these relations");
        }

        foreach (var warning in warnings)
        {
            activity.Warn(warning);
        }
    }

    private BackupManifest Manifest(
        DateTimeOffset began,
        DateTimeOffset stopTime,
        Timeline timeline,
        Lsn start,
        BackupStop stop,
        CopiedFiles copied,
        ConfigurationFile[] configuration) =>
        new()
        {
            Id = BackupId.New(began),
            Cluster = request.Cluster.Name,
            Lineage = source.Lineage.Id,
            Kind = copied.Base.Kind,
            Method = copied.Base.Method,
            Parent = copied.Base.Parent?.Id,
            FallbackReason = copied.Base.FallbackReason,
            Reason = request.Reason,
            StartTime = began,
            StopTime = stopTime,
            StartLsn = start,
            StopLsn = stop.StopLsn,
            Timeline = timeline,
            Server = source.Identity(request.Files),
            BackupLabel = stop.BackupLabelText,
            Tablespaces = copied.Tablespaces,
            Configuration = configuration,
            MapRuns = copied.MapRuns,
            IndexRun = copied.IndexRun,
            Sizes = copied.Sizes,
            ChecksumErrors = copied.ChecksumErrors,
            DamagedPages = copied.DamagedPages,
            Warnings = [.. warnings.Take(100)],
            Program = request.Program,
            Host = Environment.MachineName,
        };
}
