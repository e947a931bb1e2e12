using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>WAL files of a lineage in the repository (docs/format/wal-archive-v0.md).</summary>
public static class WalStore
{
    /// <summary>The largest segment that PostgreSQL can have, bytes; no other WAL file is longer.</summary>
    internal const long LongestFile = 1 << 30;

    /// <summary>The content tag of a WAL file.</summary>
    public static Id128 TagOf(Cluster cluster, ReadOnlySpan<byte> content) => WalEncoding.TagOf(cluster, content);

    /// <summary>All objects of one file: none, one, or several that conflict.</summary>
    public static async ValueTask<IReadOnlyList<WalObject>> FindAsync(
        Cluster cluster, Id128 lineage, string file, CancellationToken cancellationToken)
    {
        var found = new List<WalObject>();
        await foreach (var facts in cluster.Store.ListAsync(
            ObjectNames.WalFile(cluster.Name, lineage, file), cancellationToken))
        {
            AddIfOf(cluster, lineage, file, facts, found);
        }

        return found;
    }

    /// <summary>
    /// As <see cref="FindAsync"/>, of a segment and of the one before it, in one listing when they share a folder.
    /// </summary>
    /// <returns>Of the segment before none for the first of all.</returns>
    public static async ValueTask<(IReadOnlyList<WalObject> Items, IReadOnlyList<WalObject> Before)>
        FindWithPredecessorAsync(
            Cluster cluster, Id128 lineage, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var file = segment.ToString();
        if (segment.Number == 0)
        {
            return (await FindAsync(cluster, lineage, file, cancellationToken), []);
        }

        var other = (segment with { Number = segment.Number - 1 }).ToString();
        var (one, two) = (
            ObjectNames.WalFile(cluster.Name, lineage, file), ObjectNames.WalFile(cluster.Name, lineage, other));
        var shared = one.AsSpan().CommonPrefixLength(two);
        if (shared < one.LastIndexOf('/') + 1)
        {
            return (
                await FindAsync(cluster, lineage, file, cancellationToken),
                await FindAsync(cluster, lineage, other, cancellationToken));
        }

        var (items, others) = (new List<WalObject>(), new List<WalObject>());
        await foreach (var facts in cluster.Store.ListAsync(one[..shared], cancellationToken))
        {
            if (facts.Name.Value.StartsWith(one, StringComparison.Ordinal))
            {
                AddIfOf(cluster, lineage, file, facts, items);
            }
            else if (facts.Name.Value.StartsWith(two, StringComparison.Ordinal))
            {
                AddIfOf(cluster, lineage, other, facts, others);
            }
        }

        return (items, others);
    }

    /// <summary>The object of this file and content by its name, without a listing; null when there is none.</summary>
    public static async ValueTask<WalObject?> StatAsync(
        Cluster cluster, Id128 lineage, string file, Id128 tag, CancellationToken cancellationToken)
    {
        var name = new ObjectName($"{ObjectNames.WalFile(cluster.Name, lineage, file)}{tag}");
        return await cluster.Store.StatAsync(name, cancellationToken) is { } facts
            ? new WalObject(lineage, file, tag, name, facts.Size)
            : null;
    }

    /// <summary>The object that was just put: a listing may lag behind, and the put has said that it is there.</summary>
    /// <param name="again">Who tries again, as a sentence fragment, for the hint.</param>
    /// <exception cref="LifeboatException">StoreUnavailable: it is not there any more.</exception>
    public static async ValueTask<WalObject> RequireAsync(
        Cluster cluster, Id128 lineage, WalFacts facts, string again, CancellationToken cancellationToken) =>
        await StatAsync(cluster, lineage, facts.File, facts.Tag, cancellationToken)
        ?? throw new LifeboatException(new Failure(
            ErrorCode.StoreUnavailable,
            "archive WAL",
            facts.File,
            "the store took it and does not know it any more",
            Transient: true,
            Hint: $"{again}; if this repeats, something deletes objects from {cluster.Store.Location}."));

    /// <summary>Every WAL file of a lineage, ordered by timeline and name.</summary>
    public static async IAsyncEnumerable<WalObject> ListAsync(
        Cluster cluster, Id128 lineage, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.Wal(cluster.Name, lineage), cancellationToken))
        {
            if (WalObject.Parse(lineage, ObjectNames.Wal(cluster.Name, lineage), facts) is { } item)
            {
                yield return item;
            }
        }
    }

    /// <summary>
    /// Stores a file under its name and content tag. What was encoded is decoded and compared before it counts as
    /// stored; when the call returns, the object is durable.
    /// </summary>
    /// <param name="facts">Made for this content; its tag decides the object's name.</param>
    /// <param name="level">Of zstd.</param>
    /// <exception cref="DamagedObjectException">The name is taken by an object that is not this content.</exception>
    public static ValueTask<PutOutcome> PutAsync(
        Cluster cluster,
        Id128 lineage,
        ReadOnlyMemory<byte> content,
        WalFacts facts,
        int level,
        CancellationToken cancellationToken) =>
        PutAsync(cluster, lineage, content, facts, blocks: default, level, cancellationToken);

    /// <inheritdoc cref="PutAsync(Cluster, Id128, ReadOnlyMemory{byte}, WalFacts, int, CancellationToken)"/>
    /// <param name="blocks">The encoded summary of changed blocks (format 1); empty for none.</param>
    public static ValueTask<PutOutcome> PutAsync(
        Cluster cluster,
        Id128 lineage,
        ReadOnlyMemory<byte> content,
        WalFacts facts,
        ReadOnlyMemory<byte> blocks,
        int level,
        CancellationToken cancellationToken) =>
        content.Length > LongestFile
            ? throw new ArgumentException($"{facts.File} with {content.Length} bytes is no WAL file", nameof(facts))
            : PutAsync(
                cluster,
                lineage,
                WalEncoding.Of(
                    cluster, content, level, WalEncoding.DefaultWorkers, meanwhile: null, cancellationToken),
                facts,
                blocks,
                cancellationToken);

    /// <inheritdoc cref="PutAsync(Cluster, Id128, ReadOnlyMemory{byte}, WalFacts, int, CancellationToken)"/>
    public static async ValueTask<PutOutcome> PutAsync(
        Cluster cluster,
        Id128 lineage,
        WalEncoding encoding,
        WalFacts facts,
        ReadOnlyMemory<byte> blocks,
        CancellationToken cancellationToken)
    {
        if (!WalFileName.IsArchived(facts.File) || facts.Length != encoding.Length || facts.Tag != encoding.Tag)
        {
            throw new ArgumentException(
                $"{facts.File} with {encoding.Length} bytes is no WAL file, or another one", nameof(facts));
        }

        var name = new ObjectName($"{ObjectNames.WalFile(cluster.Name, lineage, facts.File)}{facts.Tag}");
        using var compressor = new Compressor(level: 1);
        await using var writer = await ContainerWriter.CreateAsync(
            cluster.Store,
            name,
            ContainerKind.Wal,
            cluster.DataKey,
            compressor,
            cluster.Time.GetUtcNow(),
            cancellationToken,
            readBack: true);
        foreach (var frame in encoding.Frames)
        {
            await writer.WriteFrameAsync(frame, cancellationToken);
        }

        var frames = new WalFrames(writer.Frames, await WalFrames.WriteAsync(writer, blocks, cancellationToken));
        await writer.WriteFrameAsync(WalFactsForm.Instance.ToBytes(facts), cancellationToken);
        var annex = new ByteSink();
        frames.Write(annex);
        var outcome = await writer.CompleteAsync(annex.Memory, PutCondition.IfAbsent, cancellationToken);
        if (outcome == PutOutcome.AlreadyExists)
        {
            // What is there counts as this file only when it can be read back as this file.
            var there = await cluster.Store.StatAsync(name, cancellationToken)
                ?? throw new DamagedObjectException(name, DamageKind.Missing, "it was there a moment ago");
            await ReadAsync(
                cluster, new WalObject(lineage, facts.File, facts.Tag, name, there.Size), cancellationToken);
        }

        return outcome;
    }

    /// <summary>
    /// Makes an object durable that can be seen: whoever stored it may have died before it was. Its content was durable
    /// before it had a name.
    /// </summary>
    public static ValueTask SettleAsync(Cluster cluster, WalObject item, CancellationToken cancellationToken) =>
        cluster.Store.SettleAsync(
            item.Name.Value[..(item.Name.Value.LastIndexOf('/') + 1)], cancellationToken);

    /// <summary>The facts of a file, without its content.</summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static async ValueTask<WalFacts> ReadFactsAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await OpenAsync(cluster, item, compressor, cancellationToken);
        return await ReadFactsAsync(reader, item, cancellationToken);
    }

    /// <summary>The facts, and the stored summary of changed blocks as it was encoded: empty when there is none.</summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static async ValueTask<(WalFacts Facts, byte[] Blocks)> ReadSummaryAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await OpenAsync(cluster, item, compressor, cancellationToken);
        var facts = await ReadFactsAsync(reader, item, cancellationToken);
        var frames = WalFrames.Of(reader);
        return (facts, await WalFrames.ReadAsync(reader, frames.Content, frames.Blocks, cancellationToken));
    }

    /// <summary>The whole content, compared with its tag.</summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static ValueTask<(byte[] Content, WalFacts Facts)> ReadAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken) =>
        WalDecoding.ReadAsync(cluster, item, cancellationToken);

    /// <summary>The error for several objects under one file's name.</summary>
    public static LifeboatException Conflict(string file, IReadOnlyList<WalObject> items) =>
        new(new Failure(
            ErrorCode.Conflict,
            "read archived WAL",
            file,
            $"{items.Count} different contents are archived under this name",
            Hint: "Two servers archived into one lineage. 'lifeboat check' lists the objects; find out which server's "
                + "history is the right one before anything is recovered past this segment."));

    private static void AddIfOf(
        Cluster cluster, Id128 lineage, string file, ObjectFacts facts, List<WalObject> found)
    {
        if (WalObject.Parse(lineage, ObjectNames.Wal(cluster.Name, lineage), facts) is { } item && item.File == file)
        {
            found.Add(item);
        }
    }

    internal static ValueTask<ContainerReader> OpenAsync(
        Cluster cluster, WalObject item, Compressor compressor, CancellationToken cancellationToken) =>
        ContainerReader.OpenAsync(
            cluster.Store,
            item.Name,
            ContainerKind.Wal,
            cluster.DataKey,
            compressor,
            item.Size,
            cancellationToken);

    internal static async ValueTask<WalFacts> ReadFactsAsync(
        ContainerReader reader, WalObject item, CancellationToken cancellationToken)
    {
        var facts = await Documents.ReadAsync(
            reader, reader.Frames - 1, WalFactsForm.Instance, cancellationToken);
        if (facts.File != item.File || facts.Tag != item.Tag)
        {
            throw new DamagedObjectException(item.Name, DamageKind.Inconsistent, $"it holds {facts.File}");
        }

        _ = WalFrames.Of(reader);
        return facts;
    }
}
