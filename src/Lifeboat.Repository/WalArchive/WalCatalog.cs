using System.Text.Json;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The facts of 256 consecutive segments in one object, and their summaries put together
/// (docs/format/wal-archive-v0.md, "Catalogs"). Nothing depends on it: it only saves reading as many objects.
/// </summary>
public static class WalCatalog
{
    /// <summary>Segments of one catalog; the number of the first is a multiple of it.</summary>
    public const int Segments = 256;

    private const int MostFacts = 1 << 20;

    /// <summary>The first segment of the catalog that speaks of this one.</summary>
    public static WalSegmentName FirstOf(WalSegmentName segment) =>
        segment with { Number = segment.Number - (segment.Number % Segments) };

    /// <summary>Every catalog of a lineage; several may have one first segment.</summary>
    public static async ValueTask<IReadOnlyList<WalCatalogObject>> ListAsync(
        Cluster cluster, Id128 lineage, CancellationToken cancellationToken)
    {
        var folder = ObjectNames.WalCatalogs(cluster.Name, lineage);
        var found = new List<WalCatalogObject>();
        await foreach (var facts in cluster.Store.ListAsync(folder, cancellationToken))
        {
            if (WalCatalogObject.Parse(lineage, folder, facts) is { } item)
            {
                found.Add(item);
            }
        }

        return found;
    }

    /// <summary>
    /// Stores a catalog; durable when the call returns. A damaged one of the same content is replaced.
    /// </summary>
    /// <param name="facts">Of 256 consecutive segments of one timeline, in order.</param>
    /// <param name="blocks">Their encoded summary; empty when they have none together.</param>
    public static async ValueTask<WalCatalogObject> PutAsync(
        Cluster cluster,
        Id128 lineage,
        IReadOnlyList<WalFacts> facts,
        ReadOnlyMemory<byte> blocks,
        CancellationToken cancellationToken)
    {
        if (facts.Count != Segments || blocks.Length > WalFrames.MostBytes)
        {
            throw new ArgumentException($"{facts.Count} segments make no catalog", nameof(facts));
        }

        var stream = Encode(facts);
        var tag = WalStore.TagOf(cluster, (byte[])[.. stream.Span, .. blocks.Span]);
        var name = new ObjectName($"{ObjectNames.WalCatalog(cluster.Name, lineage, facts[0].File)}{tag}");
        using var compressor = new Compressor(level: 3);
        for (var condition = PutCondition.IfAbsent; ; condition = PutCondition.Overwrite)
        {
            await using var writer = await ContainerWriter.CreateAsync(
                cluster.Store,
                name,
                ContainerKind.WalCatalog,
                cluster.DataKey,
                compressor,
                cluster.Time.GetUtcNow(),
                cancellationToken,
                readBack: true);
            var annex = new ByteSink();
            annex.Varint(await WalFrames.WriteAsync(writer, stream, cancellationToken));
            annex.Varint(await WalFrames.WriteAsync(writer, blocks, cancellationToken));
            var outcome = await writer.CompleteAsync(annex.Memory, condition, cancellationToken);
            var size = (await cluster.Store.StatAsync(name, cancellationToken))?.Size ?? 0;
            var item = new WalCatalogObject(lineage, facts[0].File, tag, name, size);
            if (outcome == PutOutcome.Created || await IsIntactAsync(cluster, item, cancellationToken))
            {
                return item;
            }
        }
    }

    /// <summary>The facts of its segments, in order.</summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static async ValueTask<IReadOnlyList<WalFacts>> ReadFactsAsync(
        Cluster cluster, WalCatalogObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await OpenAsync(cluster, item, compressor, cancellationToken);
        var (facts, _) = FramesOf(reader);
        return Decode(item, await WalFrames.ReadAsync(reader, 0, facts, cancellationToken));
    }

    /// <summary>
    /// Facts and summary; the summary is null when the catalog has none, or one of an unknown format.
    /// </summary>
    /// <exception cref="DamagedObjectException">
    /// Missing, damaged, swapped or foreign, or not what its name says.
    /// </exception>
    public static async ValueTask<(IReadOnlyList<WalFacts> Facts, WalRunSummary? Run)> ReadAsync(
        Cluster cluster, WalCatalogObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await OpenAsync(cluster, item, compressor, cancellationToken);
        var frames = FramesOf(reader);
        var facts = await WalFrames.ReadAsync(reader, 0, frames.Facts, cancellationToken);
        var blocks = await WalFrames.ReadAsync(reader, frames.Facts, frames.Blocks, cancellationToken);
        if (WalStore.TagOf(cluster, (byte[])[.. facts, .. blocks]) != item.Tag)
        {
            throw new DamagedObjectException(
                item.Name, DamageKind.Inconsistent, "its content is not what its name says");
        }

        try
        {
            var run = WalSummaryCodec.TryDecode(blocks);
            return run is null
                || (run.First.ToString() == item.First && run.Last.Number - run.First.Number == Segments - 1)
                ? (Decode(item, facts), run)
                : throw new DecodingException($"its summary is of {run.First} to {run.Last}");
        }
        catch (DecodingException wrong)
        {
            throw DamagedObjectException.Of(item.Name, wrong);
        }
    }

    private static async ValueTask<bool> IsIntactAsync(
        Cluster cluster, WalCatalogObject item, CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cluster, item, cancellationToken);
            return true;
        }
        catch (DamagedObjectException)
        {
            return false;
        }
    }

    private static ReadOnlyMemory<byte> Encode(IReadOnlyList<WalFacts> facts)
    {
        var sink = new ByteSink(1 << 16);
        sink.Varint(facts.Count);
        foreach (var entry in facts)
        {
            entry.Tag.Write(sink.Append(Id128.Size));
            var json = WalFactsForm.Instance.ToBytes(entry);
            sink.Varint(json.Length);
            sink.Bytes(json);
        }

        return sink.Memory;
    }

    private static List<WalFacts> Decode(WalCatalogObject item, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var source = new ByteSource(bytes.Span);
            if (source.VarintUpTo(Segments, "a number of segments") != Segments)
            {
                throw new DecodingException($"a catalog has {Segments} segments");
            }

            var all = new List<WalFacts>(Segments);
            for (var index = 0; index < Segments; index++)
            {
                var tag = Id128.Read(source.Bytes(Id128.Size));
                var length = source.Bytes(source.VarintUpTo(MostFacts, "a document's length")).Length;
                var json = bytes.Slice(bytes.Length - source.Remaining - length, length);
                var facts = JsonFields.Read(json, WalFactsForm.Instance.Read);
                all.Add(facts.Tag == tag && IsNumber(facts, item.First, index)
                    ? facts
                    : throw new DecodingException($"its segment {index} is not what follows {item.First}"));
            }

            source.MustBeAtEnd();
            return all;
        }
        catch (Exception wrong) when (wrong is DecodingException or JsonException)
        {
            throw DamagedObjectException.Of(item.Name, wrong);
        }
    }

    private static bool IsNumber(WalFacts facts, string first, int index) =>
        WalSegmentSize.IsValid(facts.Length)
        && WalSegmentName.TryParse(first, new WalSegmentSize((int)facts.Length), out var begin)
        && begin.Number % Segments == 0
        && facts.File == (begin with { Number = begin.Number + (ulong)index }).ToString();

    private static (int Facts, int Blocks) FramesOf(ContainerReader reader)
    {
        try
        {
            var annex = new ByteSource(reader.Annex);
            var facts = annex.VarintUpTo(WalFrames.MostFrames, "a number of frames");
            var blocks = annex.VarintUpTo(WalFrames.MostFrames, "a number of frames");
            annex.MustBeAtEnd();
            return facts + blocks == reader.Frames
                ? (facts, blocks)
                : throw new DecodingException("its directory and its annex count different numbers of frames");
        }
        catch (DecodingException wrong)
        {
            throw DamagedObjectException.Of(reader.Name, wrong);
        }
    }

    private static ValueTask<ContainerReader> OpenAsync(
        Cluster cluster, WalCatalogObject item, Compressor compressor, CancellationToken cancellationToken) =>
        ContainerReader.OpenAsync(
            cluster.Store,
            item.Name,
            ContainerKind.WalCatalog,
            cluster.DataKey,
            compressor,
            item.Size,
            cancellationToken);
}
