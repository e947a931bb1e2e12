using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Stores whole segments as <c>wal push</c> does, under the same name and tag: whichever of the two comes second finds the
/// other's object.
/// </summary>
internal sealed class WholeSegments(Cluster cluster, Id128 lineage, ulong systemIdentifier, int level)
{
    /// <summary>When it returns, the segment is durable.</summary>
    /// <exception cref="LifeboatException">Conflict: other content is archived under its name. Mismatch. Errors of the store.</exception>
    internal async ValueTask<WalObject> StoreAsync(
        WalSegmentName segment, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RequireOwn(segment, content.Span);
        var name = segment.ToString();
        WalSegmentSummary? summary = null;
        ReadOnlyMemory<byte> blocks = default;
        var encoding = WalEncoding.Of(
            cluster,
            content,
            level,
            WalEncoding.DefaultWorkers,
            () => summary = WalSummary.Of(segment, content, out blocks),
            cancellationToken);
        var tag = encoding.Tag;
        await RequireNoOtherAsync(name, tag, cancellationToken);
        var facts = new WalFacts(
            name, content.Length, tag, await PredecessorAsync(segment, cancellationToken), summary);
        await WalStore.PutAsync(cluster, lineage, encoding, facts, blocks, cancellationToken);

        // Two servers that raced both find the other's object here.
        await RequireNoOtherAsync(name, tag, cancellationToken);
        return await WalStore.StatAsync(cluster, lineage, name, tag, cancellationToken)
            ?? throw new LifeboatException(new Failure(
                ErrorCode.StoreUnavailable,
                "archive WAL",
                name,
                "the store took it and does not know it any more",
                Transient: true,
                Hint: $"It is stored again; if this repeats, something deletes objects from {cluster.Store.Location}."));
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

    private async ValueTask<Id128?> PredecessorAsync(WalSegmentName segment, CancellationToken cancellationToken)
    {
        if (segment.Number == 0)
        {
            return null;
        }

        var before = await WalStore.FindAsync(
            cluster, lineage, (segment with { Number = segment.Number - 1 }).ToString(), cancellationToken);
        return before.Count == 1 ? before[0].Tag : null;
    }

    private async ValueTask RequireNoOtherAsync(string name, Id128 tag, CancellationToken cancellationToken)
    {
        var stored = await WalStore.FindAsync(cluster, lineage, name, cancellationToken);
        if (stored.FirstOrDefault(item => item.Tag != tag) is { } other)
        {
            throw WalPieces.Conflict(name, other.Name.LastPart);
        }
    }
}
