using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>A WAL file as it is stored: packed on all processors, while its records are read for what is said of them.</summary>
/// <param name="Summary">Null unless it is a whole segment.</param>
/// <param name="Blocks">The encoded summary of changed blocks; empty for none.</param>
internal readonly record struct EncodedWal(
    WalEncoding Encoding, WalSegmentSummary? Summary, ReadOnlyMemory<byte> Blocks)
{
    /// <param name="segment">Null for what is no whole segment.</param>
    /// <param name="content">Not changed by anybody until this returns, nor until it is stored.</param>
    internal static EncodedWal Of(
        Cluster cluster,
        WalSegmentName? segment,
        ReadOnlyMemory<byte> content,
        int level,
        int workers,
        CancellationToken cancellationToken)
    {
        WalSegmentSummary? summary = null;
        ReadOnlyMemory<byte> blocks = default;
        Action? read = segment is { } name ? () => summary = WalSummary.Of(name, content, out blocks) : null;
        var encoding = WalEncoding.Of(cluster, content, level, workers, read, cancellationToken);
        return new EncodedWal(encoding, summary, blocks);
    }

    /// <param name="before">The objects of the segment before it.</param>
    internal WalFacts FactsOf(string file, IReadOnlyList<WalObject> before) =>
        new(file, Encoding.Length, Encoding.Tag, before.Count == 1 ? before[0].Tag : null, Summary);
}
