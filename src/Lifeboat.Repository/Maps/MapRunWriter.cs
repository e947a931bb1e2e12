using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// Writes a map run from entries in ascending order. Entries whose frames are still open wait (and are counted), so that
/// memory is bounded by how long frames stay open. Used by one caller at a time.
/// </summary>
public sealed class MapRunWriter : IAsyncDisposable
{
    /// <summary>A block of a base is written when its estimated size passes this; well below the bound of a frame.</summary>
    internal const int BaseBlock = 512 << 10;

    /// <summary>Of a delta, in which single extents are looked up.</summary>
    internal const int DeltaBlock = 64 << 10;

    private readonly int _blockSize;
    private readonly ContainerWriter _writer;
    private readonly Compressor _compressor;
    private readonly ByteSink _annex = new();
    private readonly ByteSink _block = new(ContainerLimits.BodyPlaintext);
    private readonly List<MapEntry> _entries = [];
    private int _estimated;
    private MapEntry? _last;

    private MapRunWriter(Id128 id, ContainerWriter writer, Compressor compressor, int weight, int blockSize)
    {
        Id = id;
        _blockSize = blockSize;
        _writer = writer;
        _compressor = compressor;
        _annex.Varint(PageTags.ExtentPages);
        _annex.Varint(PageTags.PageSize);
        _annex.Varint(weight);
    }

    public Id128 Id { get; }

    /// <summary>Bytes written.</summary>
    public long Length => _writer.Length;

    /// <summary>A base, or what is read last of a backup.</summary>
    public static ValueTask<MapRunWriter> CreateAsync(Cluster cluster, CancellationToken cancellationToken) =>
        CreateAsync(cluster, weight: 0, BaseBlock, cancellationToken);

    /// <param name="weight">Backups whose changes are in it.</param>
    internal static async ValueTask<MapRunWriter> CreateAsync(
        Cluster cluster, int weight, int blockSize, CancellationToken cancellationToken)
    {
        var id = Id128.NewRandom();
        var compressor = new Compressor(level: 1);
        try
        {
            var writer = await ContainerWriter.CreateAsync(
                cluster.Store,
                ObjectNames.MapRun(cluster.Name, id),
                ContainerKind.MapRun,
                cluster.DataKey,
                compressor,
                cluster.Time.GetUtcNow(),
                cancellationToken);
            return new MapRunWriter(id, writer, compressor, weight, blockSize);
        }
        catch
        {
            compressor.Dispose();
            throw;
        }
    }

    /// <summary>Appends; every frame that the entry refers to must be closed.</summary>
    public async ValueTask AddAsync(MapEntry entry, CancellationToken cancellationToken)
    {
        if (_last is not null && MapEntry.Compare(_last, entry) >= 0)
        {
            throw new InvalidOperationException($"map entries must ascend: {_last.Path} was followed by {entry.Path}");
        }

        if (entry.Fault() is { } fault)
        {
            throw new InvalidOperationException($"{entry.Path} cannot stand in a map: {fault}");
        }

        // A gone file has no extents of its own: facts and extents would be two answers to one question.
        if (entry.IsGone && _last?.Extent is not null && _last.PathBytes.AsSpan().SequenceEqual(entry.PathBytes))
        {
            throw new InvalidOperationException($"{entry.Path} cannot be gone and have extents in one run");
        }

        _last = entry;
        _entries.Add(entry);
        _estimated += MapBlock.EstimatedSize(entry);
        if (_estimated >= _blockSize)
        {
            await WriteBlockAsync(cancellationToken);
        }
    }

    /// <summary>Writes the rest; when it returns, the run is durable.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await WriteBlockAsync(cancellationToken);
        await _writer.CompleteNewAsync(_annex.Memory, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _compressor.Dispose();
    }

    private async ValueTask WriteBlockAsync(CancellationToken cancellationToken)
    {
        if (_entries.Count == 0)
        {
            return;
        }

        var first = _entries[0];
        _annex.Varint(first.PathBytes.Length);
        _annex.Bytes(first.PathBytes);
        _annex.Varint(first.Number);
        _annex.Varint(_entries.Max(entry => entry.Extent?.Overlays.Length ?? 0));
        _block.Clear();
        MapBlock.Encode(_block, _entries);
        await _writer.WriteFrameAsync(_block.Memory, cancellationToken);
        _entries.Clear();
        _estimated = 0;
    }
}
