using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Backup.Physical.Incremental;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Containers;
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
        var over = await IncrementalBase.FindAsync(request, source, session, start, cancellationToken);
        Tell(over);
        using var loaded = await StoredContent.LoadAsync(request, session, _packs, activity, cancellationToken);
        var stored = request.StoreAnew ? FrameIndex.Empty() : loaded;
        var tree = SourceTree.Read(request.Files, source.Directory, source.Control);
        warnings.AddRange(tree.Warnings);
        activity.Say($"copying {tree.Entries.Count:N0} files and directories");
        try
        {
            return await CopyAsync(over, tree, start, stored, walPosition, cancellationToken);
        }
        catch (DamagedObjectException damage) when (over.Parent is not null
            && MapRuns.Owns(request.Cluster, damage.Name))
        {
            over = new IncrementalBase(null, null, $"the map of backup {over.Parent.Id} cannot be read: {damage.Message}");
            Tell(over);
            return await CopyAsync(over, tree, start, stored, walPosition, cancellationToken);
        }
    }

    private void Tell(IncrementalBase over)
    {
        if (over.FallbackReason is { } reason)
        {
            warnings.Add(over.Parent is { } parent
                ? $"everything is read and compared with backup {parent.Id}: {reason}"
                : $"a full backup in place of an incremental one: {reason}");
        }
        else if (over.Parent is { } parent)
        {
            activity.Say($"reading what changed since backup {parent.Id}");
        }
    }

    private async Task<CopiedFiles> CopyAsync(
        IncrementalBase over,
        SourceTree tree,
        Lsn start,
        FrameIndex stored,
        Func<CancellationToken, Task<Lsn>> walPosition,
        CancellationToken cancellationToken)
    {
        var verifier = source.Control.HasDataChecksums
            ? new PageVerifier(source.Control.BlockSize, start, walPosition)
            : null;
        await using var map = await BackupMapWriting.BeginAsync(request, source, over, cancellationToken);
        using var emitter = new MapEmitter(map.AddAsync);
        var pipeline = new CopyPipeline(request, stored, _packs, emitter, verifier, activity);
        await pipeline.RunAsync(
            "backup", map.UnitsAsync(tree.Entries, cancellationToken), map.BytesOf(tree.Entries), cancellationToken);

        // pg_control names the checkpoint that recovery ends behind, so it is read behind everything else.
        await using var controlMap = await MapRunWriter.CreateAsync(request.Cluster, cancellationToken);
        using var controlEmitter = new MapEmitter(controlMap.AddAsync);
        var last = new CopyPipeline(
            request with { Jobs = 1 }, stored, _packs, controlEmitter, verifier: null, activity);
        await last.RunAsync(
            "control file",
            (await ControlUnitsAsync(cancellationToken)).ToAsyncEnumerable(),
            ControlFile.FileSize,
            cancellationToken);

        var index = await _packs.WriteIndexAsync(cancellationToken);
        var (runs, mapBytes) = await map.CompleteAsync(cancellationToken);
        await controlMap.CompleteAsync(cancellationToken);
        var sizes = new BackupSizes(
            emitter.TotalBytes + controlEmitter.TotalBytes + map.UnchangedBytes,
            pipeline.BytesRead + last.BytesRead + (verifier?.BytesReadAgain ?? 0),
            _packs.StoredBytes + mapBytes + controlMap.Length,
            emitter.Files + controlEmitter.Files + map.UnchangedFiles);
        return new CopiedFiles(
            over,
            [.. runs, controlMap.Id],
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
