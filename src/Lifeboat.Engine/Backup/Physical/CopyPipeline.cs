using Lifeboat.Engine.Activity;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Copies all units with several workers. The first failure stops all of them; what was stored by then stays and is
/// found again by the next backup.
/// </summary>
internal sealed class CopyPipeline(
    PhysicalBackupRequest request,
    FrameIndex stored,
    BackupPacks packs,
    MapEmitter emitter,
    PageVerifier? verifier,
    IActivity activity)
{
    /// <summary>So far may one worker run ahead of the slowest; bounds the results that wait for their turn.</summary>
    private const int MostAhead = 1024;

    private readonly RecentExtents _added = new(RecentExtents.Usual);
    private long _done;
    private long _read;

    /// <summary>Bytes read from files.</summary>
    internal long BytesRead => Interlocked.Read(ref _read);

    internal async Task RunAsync(
        string phase, IAsyncEnumerable<CopyUnit> units, long totalBytes, CancellationToken cancellationToken)
    {
        await using var source = new UnitSource(units, cancellationToken);
        await WorkerGroup.RunAsync(
            request.Jobs, (_, stopping) => WorkAsync(phase, source, totalBytes, stopping), cancellationToken);
        await emitter.FinishAsync(cancellationToken);
    }

    private async Task WorkAsync(string phase, UnitSource units, long totalBytes, CancellationToken cancellationToken)
    {
        using var tagger = new ExtentTagger(request.Cluster.TagKey);
        await using var writer = new PackWriter(request.Cluster, request.CompressionLevel, tagger, packs.Add);
        var worker = new CopyWorker(stored, _added, writer, tagger, verifier, request.Time);
        while (await units.TakeAsync(cancellationToken) is { } unit)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (unit.Sequence - emitter.Next > MostAhead)
            {
                // The map waits for a frame, and it may be this worker's.
                await writer.CloseFrameAsync(cancellationToken);
            }

            var result = await worker.CopyAsync(unit, cancellationToken);
            await emitter.AddAsync(result, cancellationToken);
            await packs.RelieveAsync(cancellationToken);
            activity.Progress(phase, Interlocked.Add(ref _done, unit.Length), totalBytes);
        }

        await writer.FlushAsync(cancellationToken);
        Interlocked.Add(ref _read, worker.BytesRead);
    }
}
