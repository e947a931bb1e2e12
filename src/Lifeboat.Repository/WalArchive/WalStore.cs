using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>WAL files of a lineage in the repository (docs/format/wal-archive-v0.md).</summary>
public static class WalStore
{
    private const int FrameSize = ContainerLimits.BodyPlaintext;

    /// <summary>The largest segment that PostgreSQL can have, bytes; no other WAL file is longer.</summary>
    private const long LongestFile = 1 << 30;

    /// <summary>The content tag of a WAL file.</summary>
    public static Id128 TagOf(Cluster cluster, ReadOnlySpan<byte> content)
    {
        using var hasher = cluster.TagKey.NewHasher();
        return hasher.Of(content);
    }

    /// <summary>All objects of one file: none, one, or several that conflict.</summary>
    public static async ValueTask<IReadOnlyList<WalObject>> FindAsync(
        Cluster cluster, Id128 lineage, string file, CancellationToken cancellationToken)
    {
        var found = new List<WalObject>();
        await foreach (var facts in cluster.Store.ListAsync(
            ObjectNames.WalFile(cluster.Name, lineage, file), cancellationToken))
        {
            if (WalObject.Parse(lineage, ObjectNames.Wal(cluster.Name, lineage), facts) is { } item && item.File == file)
            {
                found.Add(item);
            }
        }

        return found;
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
    public static async ValueTask<PutOutcome> PutAsync(
        Cluster cluster,
        Id128 lineage,
        ReadOnlyMemory<byte> content,
        WalFacts facts,
        ReadOnlyMemory<byte> blocks,
        int level,
        CancellationToken cancellationToken)
    {
        if (!WalFileName.IsArchived(facts.File) || facts.Length != content.Length || content.Length > LongestFile)
        {
            throw new ArgumentException($"{facts.File} with {content.Length} bytes is no WAL file", nameof(facts));
        }

        var name = new ObjectName($"{ObjectNames.WalFile(cluster.Name, lineage, facts.File)}{facts.Tag}");
        using var compressor = new Compressor(level);
        await using var writer = await ContainerWriter.CreateAsync(
            cluster.Store,
            name,
            ContainerKind.Wal,
            cluster.DataKey,
            compressor,
            cluster.Time.GetUtcNow(),
            cancellationToken,
            readBack: true);
        for (var at = 0; at < content.Length; at += FrameSize)
        {
            await writer.WriteFrameAsync(
                content.Slice(at, Math.Min(FrameSize, content.Length - at)), cancellationToken);
        }

        var frames = new WalFrames(writer.Frames, await WalFrames.WriteAsync(writer, blocks, cancellationToken));
        await writer.WriteFrameAsync(
            JsonSerializer.SerializeToUtf8Bytes(facts, RepositoryJson.Default.WalFacts), cancellationToken);
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

    /// <summary>The whole content, compared with its tag and its hash.</summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static async ValueTask<(byte[] Content, WalFacts Facts)> ReadAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await OpenAsync(cluster, item, compressor, cancellationToken);
        var facts = await ReadFactsAsync(reader, item, cancellationToken);
        var frames = WalFrames.Of(reader);
        if (facts.Length < 0 || facts.Length > Math.Min(LongestFile, (long)frames.Content * FrameSize))
        {
            throw new DamagedObjectException(item.Name, DamageKind.Inconsistent, "its length contradicts its frames");
        }

        var content = new byte[facts.Length];
        var filled = 0;
        for (var frame = 0; frame < frames.Content; frame++)
        {
            var read = await reader.ReadFrameAsync(frame, content.AsMemory(filled), cancellationToken);
            filled += read;
        }

        if (filled != content.Length || TagOf(cluster, content) != item.Tag
            || Convert.ToHexStringLower(SHA256.HashData(content)) != facts.Sha256)
        {
            throw new DamagedObjectException(item.Name, DamageKind.Inconsistent, "its content is not what its name says");
        }

        return (content, facts);
    }

    /// <summary>The error for several objects under one file's name.</summary>
    public static LifeboatException Conflict(string file, IReadOnlyList<WalObject> items) =>
        new(new Failure(
            ErrorCode.Conflict,
            "read archived WAL",
            file,
            $"{items.Count} different contents are archived under this name",
            Hint: "Two servers archived into one lineage. 'lifeboat check' lists the objects; find out which server's "
                + "history is the right one before anything is recovered past this segment."));

    private static ValueTask<ContainerReader> OpenAsync(
        Cluster cluster, WalObject item, Compressor compressor, CancellationToken cancellationToken) =>
        ContainerReader.OpenAsync(
            cluster.Store,
            item.Name,
            ContainerKind.Wal,
            cluster.DataKey,
            compressor,
            item.Size,
            cancellationToken);

    private static async ValueTask<WalFacts> ReadFactsAsync(
        ContainerReader reader, WalObject item, CancellationToken cancellationToken)
    {
        var facts = await Documents.ReadAsync(
            reader, reader.Frames - 1, RepositoryJson.Default.WalFacts, cancellationToken);
        if (facts.File != item.File || facts.Tag != item.Tag)
        {
            throw new DamagedObjectException(item.Name, DamageKind.Inconsistent, $"it holds {facts.File}");
        }

        _ = WalFrames.Of(reader);
        return facts;
    }
}
