using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// What lies between pg_backup_start and pg_backup_stop: the files of the data directory into packs, then the index,
/// then the maps. When it returns, all of that is durable, and no backup names it yet.
/// </summary>
internal sealed class DataDirectoryCopy(
    PhysicalBackupRequest request,
    ServerSource source,
    WriterSession session,
    IActivity activity,
    List<string> warnings)
{
    private readonly BackupPacks _packs = new(request.Cluster);

    /// <param name="start">What pg_backup_start answered.</param>
    /// <param name="walPosition">The server's current insert position; called by several workers at once.</param>
    internal async Task<CopiedFiles> RunAsync(
        Lsn start, Func<CancellationToken, Task<Lsn>> walPosition, CancellationToken cancellationToken)
    {
        using var loaded = await session.LoadIndexAsync(cancellationToken);
        await request.Cluster.Store.SweepAsync(cancellationToken);
        await _packs.AdoptAsync(loaded.Unlisted, cancellationToken);
        foreach (var damage in session.Damage.Concat(loaded.Damage))
        {
            activity.Warn($"not reused: {damage.Message}");
        }

        var stored = request.StoreAnew ? FrameIndex.Empty() : loaded;
        var verifier = source.Control.HasDataChecksums
            ? new PageVerifier(source.Control.BlockSize, start, walPosition)
            : null;
        var tree = SourceTree.Read(request.Files, source.Directory, source.Control);
        warnings.AddRange(tree.Warnings);
        activity.Say($"copying {tree.Entries.Count:N0} files and directories");

        var blocks = source.Control.HasDataChecksums ? source.Control.RelSegSize : 0;
        await using var map = await MapRunWriter.CreateAsync(request.Cluster, cancellationToken);
        using var emitter = new MapEmitter(map);
        var pipeline = new CopyPipeline(request, stored, _packs, emitter, verifier, activity);
        var units = CopyUnit.Cut(request.Files, source.Directory, tree.Entries, blocks);
        await pipeline.RunAsync("backup", units, tree.Entries.Sum(entry => entry.Status.Size), cancellationToken);

        // pg_control names the checkpoint that recovery ends behind, so it is read behind everything else.
        await using var controlMap = await MapRunWriter.CreateAsync(request.Cluster, cancellationToken);
        using var controlEmitter = new MapEmitter(controlMap);
        var last = new CopyPipeline(
            request with { Jobs = 1 }, stored, _packs, controlEmitter, verifier: null, activity);
        await last.RunAsync(
            "control file", await ControlUnitsAsync(cancellationToken), ControlFile.FileSize, cancellationToken);

        var index = await _packs.WriteIndexAsync(cancellationToken);
        await map.CompleteAsync(cancellationToken);
        await controlMap.CompleteAsync(cancellationToken);
        var sizes = new BackupSizes(
            emitter.TotalBytes + controlEmitter.TotalBytes,
            pipeline.BytesRead + last.BytesRead + (verifier?.BytesReadAgain ?? 0),
            _packs.StoredBytes + map.Length + controlMap.Length,
            emitter.Files + controlEmitter.Files);
        return new CopiedFiles(
            [map.Id, controlMap.Id],
            index,
            sizes,
            [.. tree.Tablespaces],
            verifier?.Errors ?? 0,
            verifier?.Damaged ?? []);
    }

    private async Task<IEnumerable<CopyUnit>> ControlUnitsAsync(CancellationToken cancellationToken)
    {
        // The server may be writing it, so what is stored are bytes whose CRC was seen to hold.
        var content = await ServerDirectory.ReadControlBytesAsync(
            request.Files, source.Directory, request.Time, cancellationToken);
        _ = ControlFileReading.Of(content).Require(PosixPath.Combine(source.Directory, ControlFile.Path));
        var status = request.Files.Stat(PosixPath.Combine(source.Directory, ControlFile.Path))!.Value;
        var entry = new SourceEntry(ControlFile.Path, MapFileKind.Regular, status);
        return [new CopyUnit(0, entry, 0, content.Length, IsLast: true, OpenSource.Of(content), FirstBlock: null)];
    }
}
