using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>Pieces of segments in the archive of a lineage (docs/format/wal-archive-v0.md).</summary>
public static class WalPieces
{
    /// <summary>
    /// Superseded pieces that a reader compares all the same, those that end last: a second writer is noticed by the first
    /// within about a second, so that what it left stands among them.
    /// </summary>
    private const int MostCompared = 64;

    /// <summary>All pieces of one segment, any order.</summary>
    public static async ValueTask<IReadOnlyList<WalPiece>> FindAsync(
        Cluster cluster, Id128 lineage, string segment, CancellationToken cancellationToken)
    {
        var folder = ObjectNames.Wal(cluster.Name, lineage);
        var pieces = new List<WalPiece>();
        await foreach (var facts in cluster.Store.ListAsync(
            $"{folder}{ObjectNames.WalFolder(segment)}{segment}.", cancellationToken))
        {
            if (WalObject.Parse(lineage, folder, facts) is { } item && WalPiece.Of(item) is { } piece)
            {
                pieces.Add(piece);
            }
        }

        return pieces;
    }

    /// <summary>Stores a piece. When the call returns, it is durable.</summary>
    /// <param name="predecessor">Tag of the piece that ends where this one begins; null when there is none.</param>
    /// <param name="level">Of zstd.</param>
    /// <exception cref="Containers.DamagedObjectException">The name is taken by an object that is not this content.</exception>
    public static async ValueTask<WalPiece> PutAsync(
        Cluster cluster,
        Id128 lineage,
        WalPieceName name,
        ReadOnlyMemory<byte> content,
        Id128? predecessor,
        int level,
        CancellationToken cancellationToken)
    {
        if (content.Length != name.Bytes)
        {
            throw new ArgumentException($"{name} with {content.Length} bytes is no piece", nameof(content));
        }

        var facts = new WalFacts(
            name.ToString(),
            content.Length,
            WalStore.TagOf(cluster, content.Span),
            predecessor,
            Segment: null);
        await WalStore.PutAsync(cluster, lineage, content, facts, level, cancellationToken);
        var stored = new ObjectName($"{ObjectNames.WalFile(cluster.Name, lineage, facts.File)}{facts.Tag}");
        return new WalPiece(name, new WalObject(lineage, facts.File, facts.Tag, stored, content.Length));
    }

    /// <summary>
    /// The bytes of a segment as far as its pieces lead, each compared with its tag, and with what others say of the same
    /// bytes.
    /// </summary>
    /// <param name="content">Filled from its beginning; holds the chain's end or more.</param>
    /// <returns>The bytes filled.</returns>
    /// <exception cref="LifeboatException">Conflict: two pieces give different bytes. Damaged.</exception>
    public static async ValueTask<int> ReadAsync(
        Cluster cluster, WalPieceChain chain, Memory<byte> content, CancellationToken cancellationToken)
    {
        if (chain.End > content.Length)
        {
            throw new ArgumentException("the pieces do not fit", nameof(content));
        }

        var filled = 0;
        foreach (var piece in chain.Pieces.Concat(chain.Others.Where(other => other.To <= chain.End).Take(MostCompared)))
        {
            var (bytes, _) = await WalStore.ReadAsync(cluster, piece.Object, cancellationToken);
            if (bytes.Length != piece.Name.Bytes)
            {
                throw new Containers.DamagedObjectException(
                    piece.Object.Name, Containers.DamageKind.Inconsistent, "its length is not what its name says");
            }

            var known = Math.Min(filled - (int)piece.From, bytes.Length);
            if (!content.Span.Slice((int)piece.From, known).SequenceEqual(bytes.AsSpan(0, known)))
            {
                throw Conflict(piece.Name.Segment, piece.Name.ToString());
            }

            bytes.AsSpan(known).CopyTo(content.Span[((int)piece.From + known)..]);
            filled = Math.Max(filled, (int)piece.To);
        }

        return filled;
    }

    /// <summary>The error for contents that contradict each other.</summary>
    /// <param name="with">What contradicts, as a name.</param>
    public static LifeboatException Conflict(string segment, string with) =>
        new(new Failure(
            ErrorCode.Conflict,
            "read archived WAL",
            segment,
            $"{with} contradicts what else is archived of this segment; all of it was left as it is",
            Hint: "Two servers' WAL came into one lineage: a copy streams or archives into its source's place. 'lifeboat "
                + "check --read-data' names the objects; find out which history is the right one before anything is "
                + "recovered past this segment."));
}
