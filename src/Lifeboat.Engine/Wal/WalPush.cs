using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// <c>lifeboat wal push</c>: puts one WAL file into the archive. When it returns, the file is durable there, byte for
/// byte; every other ending is an exception, upon which PostgreSQL keeps the file and asks again.
/// </summary>
public static class WalPush
{
    /// <exception cref="LifeboatException">
    /// Conflict: other content is archived under this name, or another server holds the claim. Mismatch, Damaged: the file
    /// is not what its name says, or not this cluster's; or what is archived is damaged. Errors of store and files.
    /// </exception>
    public static async ValueTask<WalPushOutcome> RunAsync(WalPushRequest request, CancellationToken cancellationToken)
    {
        var file = WalFile.Read(request.Files, request.Path);
        var outcome = await RunAsync(request, file, cancellationToken);

        // Behind a failure somebody may still be reading it.
        LargeBuffer.Return(file.Content);
        return outcome;
    }

    private static async ValueTask<WalPushOutcome> RunAsync(
        WalPushRequest request, WalFile file, CancellationToken cancellationToken)
    {
        var cluster = request.Cluster;
        var directory = ServerDirectory.Locate(request.Files, request.ClusterDirectory, request.Path);
        var server = await ServerLineage.ResolveAsync(cluster, request.Files, directory);
        await BindAsync(request, server, file, cancellationToken);
        if (WalFileName.IsHistory(file.Name))
        {
            await WalLeftBehind.PushAsync(request, server, file, cancellationToken);
        }

        var (stored, before) = await NeighboursAsync(cluster, server.Lineage, file, cancellationToken);
        if (stored.Count > 0)
        {
            return await AlreadyThereAsync(request, file, stored, before, cancellationToken);
        }

        await RequireClaimAsync(request, server, file, cancellationToken);
        WalSegmentSummary? summary = null;
        ReadOnlyMemory<byte> blocks = default;
        var encoding = WalEncoding.Of(
            cluster,
            file.Content,
            request.CompressionLevel,
            request.Workers,
            () => summary = SummaryOf(file, out blocks),
            cancellationToken);
        var facts = new WalFacts(
            file.Name, file.Content.Length, encoding.Tag, before.Count == 1 ? before[0].Tag : null, summary)
        {
            QuietAt = await QuietTail.SeenAsync(
                request.Files, request.Path, file, server.DataDirectory, request.Time, cancellationToken),
        };
        var outcome = await WalStore.PutAsync(
            cluster, server.Lineage, encoding, facts, blocks, cancellationToken);

        // Two servers that raced both find the other's object here, so that at least one of them reports it.
        var now = await WalStore.FindAsync(cluster, server.Lineage, file.Name, cancellationToken);
        await RequireNoOtherAsync(cluster, now, facts, cancellationToken);
        var item = now.FirstOrDefault(item => item.Tag == facts.Tag)
            ?? await NameOfStoredAsync(cluster, server.Lineage, facts, cancellationToken);
        if (outcome == PutOutcome.AlreadyExists)
        {
            await CompareAsync(cluster, item, file, cancellationToken);
        }

        return new WalPushOutcome(
            outcome == PutOutcome.Created ? WalPushResult.Stored : WalPushResult.AlreadyStored, facts, item);
    }

    /// <summary>What is stored is read back and compared, and made durable: a writer that died may have left no more than
    /// a name.</summary>
    private static async ValueTask<WalPushOutcome> AlreadyThereAsync(
        WalPushRequest request,
        WalFile file,
        IReadOnlyList<WalObject> stored,
        IReadOnlyList<WalObject> before,
        CancellationToken cancellationToken)
    {
        var facts = new WalFacts(
            file.Name,
            file.Content.Length,
            WalStore.TagOf(request.Cluster, file.Content),
            before.Count == 1 ? before[0].Tag : null,
            SummaryOf(file, out _));
        await RequireNoOtherAsync(request.Cluster, stored, facts, cancellationToken);
        await CompareAsync(request.Cluster, stored[0], file, cancellationToken);
        await WalStore.SettleAsync(request.Cluster, stored[0], cancellationToken);
        return new WalPushOutcome(WalPushResult.AlreadyStored, facts, stored[0]);
    }

    /// <summary>The objects of the file, and of the segment before it, in one listing.</summary>
    private static async ValueTask<(IReadOnlyList<WalObject> Stored, IReadOnlyList<WalObject> Before)> NeighboursAsync(
        Cluster cluster, Id128 lineage, WalFile file, CancellationToken cancellationToken)
    {
        if (!file.IsWholeSegment || file.Segment is not { Number: > 0 } segment)
        {
            return (await WalStore.FindAsync(cluster, lineage, file.Name, cancellationToken), []);
        }

        var before = (segment with { Number = segment.Number - 1 }).ToString();
        return await WalStore.FindAsync(cluster, lineage, file.Name, before, cancellationToken);
    }

    private static WalSegmentSummary? SummaryOf(WalFile file, out ReadOnlyMemory<byte> blocks)
    {
        blocks = default;
        return file.IsWholeSegment && file.Segment is { } segment
            ? WalSummary.Of(segment, file.Content, out blocks)
            : null;
    }

    /// <summary>
    /// The lineage is bound by what the WAL itself says; a history or label file says nothing, so that pg_control is asked
    /// where it can be.
    /// </summary>
    private static async ValueTask BindAsync(
        WalPushRequest request, ServerLineage server, WalFile file, CancellationToken cancellationToken)
    {
        if (file.Header is { } header)
        {
            await server.BindAsync(
                request.Cluster, header.SystemIdentifier, (int)header.SegmentBytes, header.Major, cancellationToken);
        }
        else if (server.DataDirectory is { } directory && ServerDirectory.IsOne(request.Files, directory))
        {
            var control = await ServerDirectory.ReadControlAsync(
                request.Files, directory, request.Time, cancellationToken);
            await server.BindAsync(request.Cluster, control, cancellationToken);
        }
    }

    private static async ValueTask RequireClaimAsync(
        WalPushRequest request, ServerLineage server, WalFile file, CancellationToken cancellationToken)
    {
        if (server.DataDirectory is not { } directory || !file.NeedsClaim || request.IsLeftBehind)
        {
            return;
        }

        var wanted = ServerPlace.Of(request.Files, directory, request.Host).ToClaim(server.Lineage, file.Timeline);
        var holder = await Claims.TakeIfFreeAsync(request.Cluster, wanted, cancellationToken);
        if (!holder.IsSameServer(wanted))
        {
            throw Claims.Refusal(request.Cluster, holder, wanted);
        }
    }

    /// <summary>What is stored must be what is pushed: a name and a size are no proof.</summary>
    private static async ValueTask CompareAsync(
        Cluster cluster, WalObject stored, WalFile file, CancellationToken cancellationToken)
    {
        var (content, _) = await WalStore.ReadAsync(cluster, stored, cancellationToken);
        if (!content.AsSpan().SequenceEqual(file.Content))
        {
            throw new DamagedObjectException(
                stored.Name, DamageKind.Inconsistent, "its tag is that of the file, and its content is not");
        }
    }

    private static async ValueTask RequireNoOtherAsync(
        Cluster cluster, IReadOnlyList<WalObject> stored, WalFacts facts, CancellationToken cancellationToken)
    {
        if (stored.FirstOrDefault(item => item.Tag != facts.Tag) is { } other)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "archive WAL",
                facts.File,
                "another content is archived under this name: "
                + $"{await DescribeAsync(cluster, other, cancellationToken)}, and this file has {facts.Tag}; "
                + "what is archived was left as it is",
                Hint: "Two servers archive into one lineage, or this server was restored without one of its own. Find out "
                    + "which history is the right one; a copy gets its own place by "
                    + "'lifeboat adopt --as-new --cluster-dir DIR'."));
        }
    }

    private static async ValueTask<string> DescribeAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken)
    {
        try
        {
            var facts = await WalStore.ReadFactsAsync(cluster, item, cancellationToken);
            return $"content tag {facts.Tag}";
        }
        catch (DamagedObjectException damaged)
        {
            return $"content tag {item.Tag}, in an object that cannot be read ({damaged.Detail})";
        }
    }

    /// <summary>A listing may lag behind; the put has said that the object is there.</summary>
    private static async ValueTask<WalObject> NameOfStoredAsync(
        Cluster cluster, Id128 lineage, WalFacts facts, CancellationToken cancellationToken) =>
        await WalStore.StatAsync(cluster, lineage, facts.File, facts.Tag, cancellationToken)
        ?? throw new LifeboatException(new Failure(
            ErrorCode.StoreUnavailable,
            "archive WAL",
            facts.File,
            "the store took it and does not know it any more",
            Transient: true,
            Hint: "PostgreSQL will ask again; if this repeats, something deletes objects from "
                + $"{cluster.Store.Location}."));
}
