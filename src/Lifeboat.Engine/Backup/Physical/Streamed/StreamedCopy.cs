using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Backup.Physical.Incremental;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Index;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>What came over a stream, beside the files.</summary>
/// <param name="Stop">The end, with the label that the server sent at the beginning.</param>
/// <param name="Marker">What the data directory says of its lineage; null for nothing.</param>
/// <param name="Control">The bytes of pg_control.</param>
internal sealed record StreamedFiles(CopiedFiles Copied, BackupStop Stop, byte[]? Marker, byte[] Control);

/// <summary>
/// The files that a server sends into packs, then the index, then the map. When it returns, all of that is durable, is what
/// the server's manifest says, and no backup names it yet.
/// </summary>
internal sealed class StreamedCopy(
    PhysicalBackupRequest request,
    BaseBackupStream stream,
    ControlFacts control,
    WriterSession session,
    IActivity activity,
    List<string> warnings)
{
    private readonly BackupPacks _packs = new(request.Cluster);

    /// <param name="walPosition">The server's current position; called by several workers at once.</param>
    /// <exception cref="LifeboatException">ServerUnavailable, Damaged, and errors of the store.</exception>
    internal async Task<StreamedFiles> RunAsync(
        Func<CancellationToken, Task<Lsn>> walPosition, CancellationToken cancellationToken)
    {
        using var loaded = await StoredContent.LoadAsync(request, session, _packs, activity, cancellationToken);
        var stored = request.StoreAnew ? FrameIndex.Empty() : loaded;
        var verifier = control.HasDataChecksums
            ? new PageVerifier(control.BlockSize, stream.Start, walPosition, readsAgain: false)
            : null;
        var comparison = new ManifestComparison();
        var map = new SortedMap(request.Cluster);
        using var emitter = new MapEmitter(async (entry, cancel) =>
        {
            if (entry.Facts is { Kind: Repository.Maps.MapFileKind.Regular } facts)
            {
                comparison.Received(entry.PathBytes, facts.Length, facts.Crc);
            }

            await map.AddAsync(entry, cancel);
        });
        var units = new StreamUnits(stream, control, comparison);
        var pipeline = new CopyPipeline(request, stored, _packs, emitter, verifier, activity);
        await pipeline.RunAsync(
            "backup",
            units.ReadAsync(cancellationToken),
            stream.Tablespaces.Sum(tablespace => tablespace.Bytes),
            cancellationToken);
        var end = stream.End!;
        comparison.RequireSame();
        RequireOne(units, end);
        if (end.ServerFoundDamage && verifier is { Errors: 0 })
        {
            warnings.Add("the server found damaged pages while it sent them: its log names them");
        }

        var index = await _packs.WriteIndexAsync(cancellationToken);
        var runs = await map.CompleteAsync(cancellationToken);
        var copied = new CopiedFiles(
            IncrementalBase.Streamed(request.Kind),
            runs,
            index,
            new BackupSizes(emitter.TotalBytes, pipeline.BytesRead, _packs.StoredBytes + map.Bytes, emitter.Files),
            units.Tablespaces,
            verifier?.Errors ?? 0,
            verifier?.Damaged ?? []);
        return new StreamedFiles(
            copied, new BackupStop(end.Stop, units.Label, units.Map), units.Marker, units.ControlContent);
    }

    /// <summary>Label, manifest and what the server said at the start and at the end must speak of one backup.</summary>
    private void RequireOne(StreamUnits units, BaseBackupEnd end)
    {
        if (end.Timeline != stream.Timeline)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.ServerUnavailable,
                "receive the base backup",
                "",
                $"the standby followed its primary from timeline {stream.Timeline} to {end.Timeline} while it was sent",
                Transient: true,
                "Run the backup again: what was stored is reused."));
        }

        var label = BackupLabel.Parse(units.Label);
        if (label.StartWalLocation != stream.Start || label.StartTimeline != stream.Timeline
            || end.Stop < stream.Start
            || units.Manifest is not { WalRanges: [var newest, ..] } || newest.End != end.Stop)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Damaged,
                "compare what came with the server's manifest",
                "",
                $"the server says that the backup is from {stream.Start} to {end.Stop}, and its label or manifest otherwise",
                Hint: "Nothing is listed. Run the backup again; if it repeats, take it from the files on the server's host."));
        }
    }
}
