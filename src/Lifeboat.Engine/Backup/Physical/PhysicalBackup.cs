using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// A full backup of a running server from its files: everything between pg_backup_start and pg_backup_stop, then the WAL
/// that makes it consistent. The order is that of the format: packs, index, map, manifest; killed at any moment, it
/// leaves packs that the next backup finds and uses, and no backup that is not whole.
/// </summary>
public sealed class PhysicalBackup
{
    private readonly PhysicalBackupRequest _request;
    private readonly IActivity _activity;
    private readonly List<string> _warnings = [];
    private readonly BackupPacks _packs;
    private readonly DateTimeOffset _start;

    private PhysicalBackup(PhysicalBackupRequest request, IActivity activity)
    {
        _request = request;
        _activity = activity;
        _packs = new BackupPacks(request.Cluster);
        _start = request.Time.GetUtcNow();
    }

    private Cluster Cluster => _request.Cluster;

    /// <exception cref="Platform.Errors.LifeboatException">See the exit codes; nothing is listed then.</exception>
    public static Task<PhysicalBackupReport> RunAsync(
        PhysicalBackupRequest request, IActivity activity, CancellationToken cancellationToken) =>
        new PhysicalBackup(request, activity).RunAsync(cancellationToken);

    private async Task<PhysicalBackupReport> RunAsync(CancellationToken cancellationToken)
    {
        var session = await ServerSession.OpenAsync(_request.Connection, cancellationToken);
        ServerSource source;
        BackupSession backup;
        try
        {
            source = await ServerSource.IdentifyAsync(_request, session, cancellationToken);
            await Cluster.Store.SweepAsync(cancellationToken);
            await HoldWalAsync(source, session, cancellationToken);
            _activity.Say("waiting for the server's checkpoint");
            backup = await BackupSession.StartAsync(
                session, $"lifeboat {Cluster.Name}", !_request.SpreadCheckpoint, cancellationToken);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        await using (backup)
        {
            var copied = await CopyAsync(source, backup, cancellationToken);
            var catalog = await ReadCatalogAsync(cancellationToken);
            var stop = await backup.StopAsync(cancellationToken);
            var manifest = await CompleteAsync(source, backup.StartLsn, stop, copied, cancellationToken);
            await BackupCatalog.PutAsync(Cluster, manifest, catalog, cancellationToken);
            return new PhysicalBackupReport(manifest, _request.Time.GetUtcNow() - _start);
        }
    }

    /// <summary>A server that does not archive removes WAL at its checkpoints; a slot keeps it until the backup has it.</summary>
    private async Task HoldWalAsync(ServerSource source, ServerSession session, CancellationToken cancellationToken)
    {
        if (string.Equals(source.Server.ArchiveMode, "off", StringComparison.Ordinal))
        {
            var hold = await WalHold.TryTakeAsync(
                session, $"lifeboat_{Id128.NewRandom()}", cancellationToken);
            if (!hold.IsHeld)
            {
                _warnings.Add($"nothing holds back the WAL of this backup: {hold.Reason}");
            }
        }
    }

    private async Task<CopiedFiles> CopyAsync(
        ServerSource source, BackupSession backup, CancellationToken cancellationToken)
    {
        var stored = await FrameIndex.LoadAsync(Cluster, cancellationToken);
        _packs.Adopt(stored.Unlisted);
        foreach (var damage in stored.Damage)
        {
            _activity.Warn($"not reused: {damage.Message}");
        }

        using var oneAtATime = new SemaphoreSlim(1, 1);
        var verifier = source.Control.HasDataChecksums
            ? new PageVerifier(
                source.Control.BlockSize, backup.StartLsn, cancel => WalPositionAsync(backup, oneAtATime, cancel))
            : null;
        var tree = SourceTree.Read(_request.Files, source.Directory, source.Control);
        _warnings.AddRange(tree.Warnings);
        _activity.Say($"copying {tree.Entries.Count:N0} files and directories");

        var blocks = source.Control.HasDataChecksums ? source.Control.RelSegSize : 0;
        await using var map = await MapRunWriter.CreateAsync(Cluster, cancellationToken);
        using var emitter = new MapEmitter(map);
        var pipeline = new CopyPipeline(_request, stored, _packs, emitter, verifier, _activity);
        var units = CopyUnit.Cut(_request.Files, source.Directory, tree.Entries, blocks);
        await pipeline.RunAsync("backup", units, tree.Entries.Sum(entry => entry.Status.Size), cancellationToken);

        // pg_control names the checkpoint that recovery ends behind, so it is read behind everything else.
        await using var controlMap = await MapRunWriter.CreateAsync(Cluster, cancellationToken);
        using var controlEmitter = new MapEmitter(controlMap);
        var last = new CopyPipeline(_request with { Jobs = 1 }, stored, _packs, controlEmitter, verifier: null, _activity);
        await last.RunAsync("control file", ControlUnits(source), ControlFile.FileSize, cancellationToken);

        var index = await _packs.WriteIndexAsync(cancellationToken);
        await map.CompleteAsync(cancellationToken);
        await controlMap.CompleteAsync(cancellationToken);
        var sizes = new BackupSizes(
            emitter.TotalBytes + controlEmitter.TotalBytes,
            pipeline.BytesRead + last.BytesRead + (verifier?.BytesReadAgain ?? 0),
            _packs.StoredBytes + map.Length + controlMap.Length,
            emitter.Files + controlEmitter.Files);
        return new CopiedFiles(
            [map.Id, controlMap.Id], index, sizes, [.. tree.Tablespaces], verifier?.Errors ?? 0, verifier?.Damaged ?? []);
    }

    private IEnumerable<CopyUnit> ControlUnits(ServerSource source)
    {
        // The server may be writing it, so what is stored are bytes whose CRC was seen to hold.
        var content = ServerMatch.ReadControlBytes(_request.Files, source.Directory, _request.Time);
        _ = ControlFileReading.Of(content).Require(PosixPath.Combine(source.Directory, ControlFile.Path));
        var status = _request.Files.Stat(PosixPath.Combine(source.Directory, ControlFile.Path))!.Value;
        var entry = new SourceEntry(ControlFile.Path, MapFileKind.Regular, status);
        return [new CopyUnit(0, entry, 0, content.Length, IsLast: true, OpenSource.Of(content), FirstBlock: null)];
    }

    private async Task<IReadOnlyList<CatalogLine>> ReadCatalogAsync(CancellationToken cancellationToken)
    {
        var lines = new List<CatalogLine>();
        await foreach (var record in CatalogReader.ReadAsync(_request.Connection, cancellationToken))
        {
            if (record is CatalogDatabaseUnread { Name: not "template0" } unread)
            {
                _warnings.Add($"names of database {unread.Name} are not in the catalog map: {unread.Reason}");
            }

            lines.Add(CatalogLines.Of(record));
        }

        return lines;
    }

    private async Task<BackupManifest> CompleteAsync(
        ServerSource source, Lsn start, BackupStop stop, CopiedFiles copied, CancellationToken cancellationToken)
    {
        var label = BackupLabel.Parse(stop.BackupLabel.Span);
        var timeline = label.StartTimeline;
        var stopTime = _request.Time.GetUtcNow();
        await new BackupWal(_request, source, _activity).EnsureAsync(timeline, start, stop.StopLsn, cancellationToken);
        var configuration = OutsideConfiguration.Read(_request.Files, source.Directory, source.Server, _warnings);
        if (copied.ChecksumErrors > 0)
        {
            _warnings.Insert(
                0,
                $"{copied.ChecksumErrors} pages of the server are damaged (first: {copied.DamagedPages[0]}); they are in the "
                + "backup as they are: keep older backups, and repair or restore these relations");
        }

        foreach (var warning in _warnings)
        {
            _activity.Warn(warning);
        }

        return new BackupManifest
        {
            Id = BackupId.New(_start),
            Cluster = Cluster.Name,
            Lineage = source.Lineage.Id,
            Kind = "full",
            Method = "files",
            Reason = _request.Reason,
            StartTime = _start,
            StopTime = stopTime,
            StartLsn = start,
            StopLsn = stop.StopLsn,
            Timeline = timeline,
            Server = source.Identity(_request.Files),
            BackupLabel = stop.BackupLabelText,
            Tablespaces = copied.Tablespaces,
            Configuration = configuration,
            MapRuns = copied.MapRuns,
            IndexRun = copied.IndexRun,
            Sizes = copied.Sizes,
            ChecksumErrors = copied.ChecksumErrors,
            DamagedPages = copied.DamagedPages,
            Warnings = [.. _warnings.Take(100)],
            Program = _request.Program,
            Host = Environment.MachineName,
        };
    }

    private static async Task<Lsn> WalPositionAsync(
        BackupSession backup, SemaphoreSlim oneAtATime, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            return await backup.WalPositionAsync(cancellationToken);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private sealed record CopiedFiles(
        Id128[] MapRuns,
        Id128? IndexRun,
        BackupSizes Sizes,
        TablespaceFacts[] Tablespaces,
        long ChecksumErrors,
        string[] DamagedPages);
}
