using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>
/// The summaries of archived segments: those that are stored, and of segments that have none, or one that cannot be
/// used, those that are made anew from the content. All members may be called at the same time.
/// </summary>
internal sealed class SegmentSummaries(Cluster cluster)
{
    private int _stored;
    private int _rebuilt;

    /// <summary>Summaries that were stored with their segments.</summary>
    internal int Stored => _stored;

    /// <summary>Summaries that were made anew.</summary>
    internal int Rebuilt => _rebuilt;

    /// <exception cref="Platform.Errors.LifeboatException">
    /// The segment itself is damaged, or an error of the store.
    /// </exception>
    internal async ValueTask<(WalFacts Facts, WalRunSummary Run)> ReadAsync(
        WalObject item, WalSegmentName segment, CancellationToken cancellationToken)
    {
        if (!ArchivedSegment.IsOfPieces(item)
            && await TryReadStoredAsync(item, segment, cancellationToken) is { } stored)
        {
            Interlocked.Increment(ref _stored);
            return stored;
        }

        Interlocked.Increment(ref _rebuilt);
        var (content, facts) = await ArchivedSegment.ReadAsync(cluster, item, segment.Size, cancellationToken);
        return (facts, WalRunSummary.Of(segment, content));
    }

    /// <exception cref="Platform.Errors.LifeboatException">
    /// The segment is damaged, or an error of the store.
    /// </exception>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadContentAsync(
        WalObject item, WalSegmentSize size, CancellationToken cancellationToken) =>
        (await ArchivedSegment.ReadAsync(cluster, item, size, cancellationToken)).Content;

    private async ValueTask<(WalFacts Facts, WalRunSummary Run)?> TryReadStoredAsync(
        WalObject item, WalSegmentName segment, CancellationToken cancellationToken)
    {
        try
        {
            var (facts, blocks) = await WalStore.ReadSummaryAsync(cluster, item, cancellationToken);
            var run = WalSummaryCodec.TryDecode(blocks);
            return run is not null && run.First == segment && run.Last == segment ? (facts, run) : null;
        }
        catch (Exception unusable) when (unusable is DamagedObjectException or DecodingException)
        {
            // Whether the segment itself can be read shows when it is read.
            return null;
        }
    }
}
