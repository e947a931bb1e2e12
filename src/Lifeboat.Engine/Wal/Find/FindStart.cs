using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>
/// Where reading must begin so that transactions that commit in or behind a segment are seen from their beginning on.
/// </summary>
/// <remarks>
/// A record of running transactions before the segment names the oldest that runs, O. An earlier one whose next id is not
/// behind O was written before O, and whatever still runs later, began.
/// </remarks>
internal static class FindStart
{
    /// <param name="least">No earlier segment is wanted or archived.</param>
    /// <returns>The segment to begin with.</returns>
    internal static async Task<ulong> BeforeAsync(
        Cluster cluster,
        LineageArchive archive,
        WalPath path,
        ulong segment,
        ulong least,
        CancellationToken cancellationToken)
    {
        TransactionId? oldest = null;
        for (var number = segment; number > least;)
        {
            number--;
            var name = path.NameOf(number);
            var (content, _) = await ArchivedSegment.ReadAsync(
                cluster, archive.Find(name)!, archive.Size, cancellationToken);
            var isEnough = IsEnough(name, content, ref oldest);
            LargeBuffer.Return(content);
            if (isEnough)
            {
                return number;
            }
        }

        return least;
    }

    private static bool IsEnough(WalSegmentName name, byte[] content, ref TransactionId? oldest)
    {
        var reader = new WalRecordReader();
        reader.Supply(name, content);
        TransactionId? first = null;
        TransactionId? last = null;
        while (reader.TryRead(out var record))
        {
            if (RunningTransactions.TryParse(record, out var running))
            {
                first ??= running.Next;
                last = running.Oldest;
            }
        }

        oldest ??= last;
        return first is { } next && oldest is { } wanted && !wanted.Precedes(next);
    }
}
