using System.Runtime.InteropServices;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>Where streaming of a timeline goes on.</summary>
/// <param name="Segment">The first segment that is not whole.</param>
/// <param name="Known">Its bytes that are durable, from the first; empty when there are none.</param>
/// <param name="Chain">The pieces that hold them.</param>
/// <param name="Before">The whole segment before it; null when none is archived.</param>
internal sealed record ResumePoint(
    WalSegmentName Segment, ReadOnlyMemory<byte> Known, WalPieceChain Chain, WalObject? Before)
{
    private static readonly WalPieceChain s_none = WalPieceChain.Of([]);

    internal Timeline Timeline => Segment.Timeline;

    /// <summary>The first position that is not durable.</summary>
    internal Lsn Durable => Segment.Start + (ulong)Known.Length;

    /// <summary>Nothing is stored there yet.</summary>
    internal static ResumePoint At(WalSegmentName segment) =>
        new(segment, ReadOnlyMemory<byte>.Empty, s_none, Before: null);

    /// <summary>
    /// Behind what is stored of the timeline; null when nothing is. Segments whose pieces lead to their end, and that were not
    /// made whole because a receiver died, are made so here.
    /// </summary>
    internal static async ValueTask<ResumePoint?> FindAsync(
        Cluster cluster,
        Id128 lineage,
        Timeline timeline,
        WalSegmentSize size,
        WholeSegments whole,
        Action<WalReceiveEvent> report,
        CancellationToken cancellationToken)
    {
        var tail = await WalTail.FindAsync(cluster, lineage, timeline, cancellationToken);
        var segments = new SortedDictionary<ulong, (WalSegmentName Name, WalObject? Whole)>();
        foreach (var item in tail.Where(item => WalFileName.IsSegment(item.File)))
        {
            if (WalSegmentName.TryParse(item.File, size, out var name))
            {
                segments[name.Number] = (name, item);
            }
        }

        var pieces = tail.Select(WalPiece.Of).OfType<WalPiece>()
            .GroupBy(piece => piece.Name.Segment, StringComparer.Ordinal);
        var chains = new SortedDictionary<ulong, WalPieceChain>();
        foreach (var group in pieces)
        {
            if (WalSegmentName.TryParse(group.Key, size, out var name) && !segments.ContainsKey(name.Number))
            {
                chains[name.Number] = WalPieceChain.Of(group);
            }
        }

        foreach (var (number, chain) in chains.Where(chain => chain.Value.End == size.Bytes).ToList())
        {
            var name = new WalSegmentName(timeline, number, size);
            var content = new byte[size.Bytes];
            await WalPieces.ReadAsync(cluster, chain, content, cancellationToken);
            segments[number] = (name, await whole.StoreAsync(name, content, cancellationToken));
            chains.Remove(number);
        }

        return await LastAsync(
            cluster, new WalSegmentName(timeline, 0, size), segments, chains, report, cancellationToken);
    }

    /// <summary>What the server has to send again before anything new is taken; null when nothing is stored.</summary>
    internal async ValueTask<Overlap?> OverlapAsync(
        Cluster cluster, Action<WalReceiveEvent> report, CancellationToken cancellationToken)
    {
        var (start, content) = (Segment.Start, Known);
        if (content.IsEmpty)
        {
            if (Before is null)
            {
                return null;
            }

            try
            {
                content = (await WalStore.ReadAsync(cluster, Before, cancellationToken)).Content;
                start = Segment.Size.StartOf(Segment.Number - 1);
            }
            catch (DamagedObjectException damaged)
            {
                report(new WalReceiveEvent.Warning($"{damaged.Message}; the server's WAL cannot be compared with it"));
                return null;
            }
        }

        var skipped = Math.Max(0, content.Length - Overlap.MostBytes);
        return new Overlap(start + (ulong)skipped, content[skipped..]);
    }

    private static async ValueTask<ResumePoint?> LastAsync(
        Cluster cluster,
        WalSegmentName any,
        SortedDictionary<ulong, (WalSegmentName Name, WalObject? Whole)> segments,
        SortedDictionary<ulong, WalPieceChain> chains,
        Action<WalReceiveEvent> report,
        CancellationToken cancellationToken)
    {
        if (chains.Count > 0 && (segments.Count == 0 || chains.Keys.Last() > segments.Keys.Last()))
        {
            var number = chains.Keys.Last();
            var chain = chains[number];
            var last = new ResumePoint(
                any with { Number = number },
                new byte[chain.End],
                chain,
                number > 0 && segments.TryGetValue(number - 1, out var before) ? before.Whole : null);
            try
            {
                await WalPieces.ReadAsync(
                    cluster, chain, MemoryMarshal.AsMemory(last.Known), cancellationToken);
                return last;
            }
            catch (DamagedObjectException damaged)
            {
                // The server keeps the whole of the segment that it is asked for, so that it can be received once more.
                report(new WalReceiveEvent.Warning($"{damaged.Message}; the segment is received again from its beginning"));
                return last with { Known = ReadOnlyMemory<byte>.Empty, Chain = s_none };
            }
        }

        return segments.Count == 0
            ? null
            : At(any with { Number = segments.Keys.Last() + 1 }) with { Before = segments.Values.Last().Whole };
    }
}
