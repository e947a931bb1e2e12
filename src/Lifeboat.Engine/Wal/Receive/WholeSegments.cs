using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Stores whole segments as <c>wal push</c> does, under the same name and tag: whichever of the two comes second finds
/// the
/// other's object.
/// </summary>
internal sealed class WholeSegments(Cluster cluster, Id128 lineage, ulong systemIdentifier, int level)
{
    /// <summary>When it returns, the segment is durable.</summary>
    /// <exception cref="LifeboatException">
    /// Conflict: other content is archived under its name. Mismatch. Errors of the store.
    /// </exception>
    internal async ValueTask<WalObject> StoreAsync(
        WalSegmentName segment, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RequireOwn(segment, content.Span);
        var name = segment.ToString();
        var (stored, before) = await WalStore.FindWithPredecessorAsync(cluster, lineage, segment, cancellationToken);
        var encoded = EncodedWal.Of(
            cluster, segment, content, level, WalEncoding.DefaultWorkers, cancellationToken);
        var facts = encoded.FactsOf(name, before);
        RequireNoOther(name, facts.Tag, stored);
        await WalStore.PutAsync(cluster, lineage, encoded.Encoding, facts, encoded.Blocks, cancellationToken);

        // Two servers that raced both find the other's object here.
        RequireNoOther(
            name, facts.Tag, await WalStore.FindAsync(cluster, lineage, name, cancellationToken));
        return await WalStore.RequireAsync(cluster, lineage, facts, "It is stored again", cancellationToken);
    }

    /// <summary>The first page must be that of the segment, and of this server.</summary>
    /// <param name="content">As much of the segment as there is, from its first byte.</param>
    /// <exception cref="LifeboatException">Mismatch.</exception>
    internal void RequireOwn(WalSegmentName segment, ReadOnlySpan<byte> content)
    {
        if ((WalSegmentHeader.Inspect(content, out var header) ?? header.Contradicts(segment, systemIdentifier))
            is { } contradiction)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "receive WAL",
                segment.ToString(),
                contradiction,
                Hint: "Nothing was archived. Check that --connection leads to the server itself, and look at its log."));
        }
    }

    private static void RequireNoOther(string name, Id128 tag, IReadOnlyList<WalObject> stored)
    {
        if (stored.FirstOrDefault(item => item.Tag != tag) is { } other)
        {
            throw WalPieces.Conflict(name, other.Name.LastPart);
        }
    }
}
