using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Pieces;
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
    /// Conflict: other content is archived under this name, whole or in pieces, or another server holds the claim. Mismatch, Damaged: the file
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

        var segment = file.IsWholeSegment ? file.Segment : null;
        var (stored, before) = segment is { } name
            ? await WalStore.FindWithPredecessorAsync(cluster, server.Lineage, name, cancellationToken)
            : (await WalStore.FindAsync(cluster, server.Lineage, file.Name, cancellationToken), []);
        if (stored.Count > 0)
        {
            return await AlreadyThereAsync(cluster, file, stored, cancellationToken);
        }

        await RequireClaimAsync(request, server, file, cancellationToken);

        // Asked for while the file is packed: the answer costs a request, and no time.
        var streamed = segment is null
            ? null
            : WalPieces.FindAsync(cluster, server.Lineage, file.Name, cancellationToken).AsTask();
        var encoded = EncodedWal.Of(
            cluster, segment, file.Content, request.CompressionLevel, request.Workers, cancellationToken);
        var facts = encoded.FactsOf(file.Name, before) with
        {
            QuietAt = await QuietTail.SeenAsync(
                request.Files, request.Path, file, server.DataDirectory, request.Time, cancellationToken),
        };
        PieceAgreement.Require(cluster, file, streamed is null ? [] : await streamed);
        var outcome = await WalStore.PutAsync(
            cluster, server.Lineage, encoded.Encoding, facts, encoded.Blocks, cancellationToken);

        // Two servers that raced both find the other's object here, so that at least one of them reports it.
        var now = await WalStore.FindAsync(cluster, server.Lineage, file.Name, cancellationToken);
        await RequireNoOtherAsync(cluster, now, file, facts.Tag, cancellationToken);
        var item = now.FirstOrDefault(item => item.Tag == facts.Tag)
            ?? await WalStore.RequireAsync(
                cluster, server.Lineage, facts, "PostgreSQL will ask again", cancellationToken);
        return outcome == PutOutcome.Created
            ? new WalPushOutcome(WalPushResult.Stored, facts, item)
            : new WalPushOutcome(
                WalPushResult.AlreadyStored, await CompareAsync(cluster, item, file, cancellationToken), item);
    }

    /// <summary>
    /// What is stored is read back and compared, and made durable: a writer that died may have left no more than a name.
    /// </summary>
    private static async ValueTask<WalPushOutcome> AlreadyThereAsync(
        Cluster cluster, WalFile file, IReadOnlyList<WalObject> stored, CancellationToken cancellationToken)
    {
        await RequireNoOtherAsync(
            cluster, stored, file, WalStore.TagOf(cluster, file.Content), cancellationToken);
        var facts = await CompareAsync(cluster, stored[0], file, cancellationToken);
        await WalStore.SettleAsync(cluster, stored[0], cancellationToken);
        return new WalPushOutcome(WalPushResult.AlreadyStored, facts, stored[0]);
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
    /// <returns>What is stored with it.</returns>
    private static async ValueTask<WalFacts> CompareAsync(
        Cluster cluster, WalObject stored, WalFile file, CancellationToken cancellationToken)
    {
        var (content, facts) = await WalStore.ReadAsync(cluster, stored, cancellationToken);
        return content.AsSpan().SequenceEqual(file.Content)
            ? facts
            : throw new DamagedObjectException(
                stored.Name, DamageKind.Inconsistent, "its tag is that of the file, and its content is not");
    }

    private static async ValueTask RequireNoOtherAsync(
        Cluster cluster,
        IReadOnlyList<WalObject> stored,
        WalFile file,
        Id128 tag,
        CancellationToken cancellationToken)
    {
        if (stored.FirstOrDefault(item => item.Tag != tag) is { } other)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "archive WAL",
                file.Name,
                "another content is archived under this name: "
                + $"{await DescribeAsync(cluster, other, cancellationToken)}, and this file has {tag}; "
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
}
