using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Index;

/// <summary>Writes one index run, section by section, from entries in ascending order. Used by one caller at a time.</summary>
internal sealed class IndexRunWriter : IAsyncDisposable
{
    private readonly ContainerWriter _writer;
    private readonly Compressor _compressor;
    private readonly ByteSink _block = new(IndexLayout.BlockSize * 2);
    private readonly ByteSink _entry = new(1024);
    private readonly List<Id128> _frameStarts = [];
    private readonly List<Id128> _extentStarts = [];
    private readonly byte[] _filter;
    private readonly int _filterBlocks;
    private int _packFrames;
    private long _packs;
    private long _frames;
    private long _extents;

    private IndexRunWriter(Id128 id, ContainerWriter writer, Compressor compressor, long mostIds)
    {
        Id = id;
        _writer = writer;
        _compressor = compressor;
        _filterBlocks = IndexFilter.BlocksFor(mostIds);
        _filter = new byte[(long)_filterBlocks * IndexFilter.BlockSize];
    }

    internal Id128 Id { get; }

    internal long Length => _writer.Length;

    /// <param name="mostIds">Frames and extents at most; the size of the filter.</param>
    internal static async ValueTask<IndexRunWriter> CreateAsync(
        Cluster cluster, long mostIds, CancellationToken cancellationToken)
    {
        var id = Id128.NewRandom();
        var compressor = new Compressor(level: 3);
        try
        {
            var writer = await ContainerWriter.CreateAsync(
                cluster.Store,
                ObjectNames.IndexRun(cluster.Name, id),
                ContainerKind.IndexRun,
                cluster.DataKey,
                compressor,
                cluster.Time.GetUtcNow(),
                cancellationToken);
            return new IndexRunWriter(id, writer, compressor, mostIds);
        }
        catch
        {
            compressor.Dispose();
            throw;
        }
    }

    internal async ValueTask WritePacksAsync(IEnumerable<IndexedPack> packs, CancellationToken cancellationToken)
    {
        foreach (var pack in packs)
        {
            _packs++;
            IndexLayout.Encode(_block, pack);
            _packFrames += await FlushAsync(IndexLayout.BlockSize, cancellationToken);
        }

        _packFrames += await FlushAsync(1, cancellationToken);
    }

    internal async ValueTask WriteFramesAsync(IAsyncEnumerable<IndexedFrame> frames, CancellationToken cancellationToken)
    {
        await foreach (var frame in frames.WithCancellation(cancellationToken))
        {
            _frames++;
            Set(frame.Frame.Id);
            _entry.Clear();
            IndexLayout.Encode(_entry, frame);
            await StartAsync(_frameStarts, frame.Frame.Id, cancellationToken);
        }

        await FlushAsync(1, cancellationToken);
    }

    internal async ValueTask WriteExtentsAsync(IAsyncEnumerable<IndexedExtent> extents, CancellationToken cancellationToken)
    {
        await foreach (var extent in extents.WithCancellation(cancellationToken))
        {
            _extents++;
            Set(extent.Id);
            _entry.Clear();
            IndexLayout.Encode(_entry, extent);
            await StartAsync(_extentStarts, extent.Id, cancellationToken);
        }

        await FlushAsync(1, cancellationToken);
    }

    /// <summary>Writes the filter and what ends the object; when it returns, the run is durable.</summary>
    internal async ValueTask CompleteAsync(
        int weight, IReadOnlyCollection<Id128> supersedes, CancellationToken cancellationToken)
    {
        const int Piece = IndexFilter.BlocksPerFrame * IndexFilter.BlockSize;
        for (var at = 0; at < _filter.Length; at += Piece)
        {
            await _writer.WriteFrameAsync(_filter.AsMemory(at, Math.Min(Piece, _filter.Length - at)), cancellationToken);
        }

        var annex = new IndexAnnex
        {
            Weight = weight,
            Packs = _packs,
            Frames = _frames,
            Extents = _extents,
            FilterBlocks = _filterBlocks,
            PackFrames = _packFrames,
            FrameStarts = [.. _frameStarts],
            ExtentStarts = [.. _extentStarts],
            Supersedes = [.. supersedes],
        };
        await _writer.CompleteNewAsync(annex.Encode().Memory, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _compressor.Dispose();
    }

    private void Set(Id128 id) => IndexFilter.Set(
        _filter.AsSpan(IndexFilter.BlockOf(id, _filterBlocks) * IndexFilter.BlockSize, IndexFilter.BlockSize), id);

    /// <summary>Puts the encoded entry into the block, or into a new one when it does not fit.</summary>
    private async ValueTask StartAsync(List<Id128> starts, Id128 id, CancellationToken cancellationToken)
    {
        if (_block.Length + _entry.Length > IndexLayout.BlockSize)
        {
            await FlushAsync(1, cancellationToken);
        }

        if (_block.Length == 0)
        {
            starts.Add(id);
        }

        _block.Bytes(_entry.Span);
    }

    private async ValueTask<int> FlushAsync(int atLeast, CancellationToken cancellationToken)
    {
        if (_block.Length < atLeast)
        {
            return 0;
        }

        await _writer.WriteFrameAsync(_block.Memory, cancellationToken);
        _block.Clear();
        return 1;
    }
}
