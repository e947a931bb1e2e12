using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>Where a frame is.</summary>
public sealed record FrameLocation(Id128 Pack, PackedFrame Frame);

/// <summary>
/// Where frames and extents are. A frame is looked for where it was put, in the pack's own directory; index runs are read
/// only when it is not there, or to find out whether content is stored already. Packs that no run mentions (of a backup that
/// was interrupted, or whose index was lost) are asked themselves, so that a lost index costs time and nothing else. May be
/// used by several at the same time.
/// </summary>
/// <remarks>
/// Memory: the facts of every pack (some 100 bytes each), the filters of the runs (10 bits for each frame and extent), and a
/// bounded number of blocks and pack directories.
/// </remarks>
public sealed class FrameIndex : IDisposable
{
    private readonly Cluster? _cluster;
    private readonly PackDirectories? _directories;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private IndexContent? _content;

    private FrameIndex(Cluster? cluster, IndexContent? content)
    {
        _cluster = cluster;
        _content = content;
        _directories = cluster is null ? null : new PackDirectories(cluster);
    }

    /// <summary>Index runs and packs that could not be read; what they hold may still be found elsewhere.</summary>
    public IReadOnlyList<DamagedObjectException> Damage => _content?.Damage ?? [];

    /// <summary>Packs whose directory had to be read, since no index run lists them.</summary>
    public IReadOnlyList<PackRecord> Unlisted => _content?.Unlisted ?? [];

    /// <summary>Runs that another one makes needless.</summary>
    internal IReadOnlyList<Id128> Superseded => _content?.Superseded ?? [];

    /// <summary>Blocks of index runs read from the store so far.</summary>
    internal long BlocksRead => _content?.BlocksRead ?? 0;

    /// <summary>Whether index runs had to be opened at all.</summary>
    internal bool IsLoaded => _content is not null;

    /// <summary>An index in which nothing is found: what a backup adds is stored whether it is there or not.</summary>
    public static FrameIndex Empty() => new(cluster: null, content: null);

    /// <summary>For reading what maps refer to: packs and runs are listed only when a frame is not where it was put.</summary>
    public static FrameIndex ForReading(Cluster cluster) => new(cluster, content: null);

    public static ValueTask<FrameIndex> LoadAsync(Cluster cluster, CancellationToken cancellationToken) =>
        LoadAsync(cluster, without: null, cancellationToken);

    /// <param name="without">Packs that count as gone: condemned ones, for who stores.</param>
    internal static async ValueTask<FrameIndex> LoadAsync(
        Cluster cluster, IReadOnlySet<Id128>? without, CancellationToken cancellationToken) =>
        new(cluster, await IndexContent.LoadAsync(cluster, whole: false, cancellationToken, without));

    /// <summary>As for storing, but every block is read: a run of which one is damaged does not count.</summary>
    internal static async ValueTask<FrameIndex> LoadWholeAsync(Cluster cluster, CancellationToken cancellationToken) =>
        new(cluster, await IndexContent.LoadAsync(cluster, whole: true, cancellationToken));

    public void Dispose()
    {
        _content?.Dispose();
        _gate.Dispose();
    }

    /// <summary>Where a frame is; null when no pack is known to hold it.</summary>
    public async ValueTask<FrameLocation?> FindAsync(FrameReference frame, CancellationToken cancellationToken)
    {
        if (_directories is not null && frame.Place is { } place
            && await _directories.FindAsync(place, frame.Id, cancellationToken) is { } found)
        {
            return new FrameLocation(place.Pack, found);
        }

        return (await FindAllAsync(frame.Id, cancellationToken)).FirstOrDefault();
    }

    /// <summary>Every place of a frame, the newest pack first: for when what <see cref="FindAsync"/> gave is damaged.</summary>
    public async ValueTask<IReadOnlyList<FrameLocation>> FindAllAsync(Id128 frame, CancellationToken cancellationToken) =>
        await ContentAsync(cancellationToken) is { } content
            ? await content.FindAsync(frame, cancellationToken)
            : [];

    /// <summary>The pack that held a frame, when an index run lists it and the pack is not there any more.</summary>
    public async ValueTask<Id128?> FindLostAsync(Id128 frame, CancellationToken cancellationToken) =>
        await ContentAsync(cancellationToken) is { } content
            ? await content.FindLostAsync(frame, cancellationToken)
            : null;

    /// <summary>Where an extent is stored and may be referred to; null when it is not. The pack itself was asked.</summary>
    public async ValueTask<(FrameReference Frame, int Slot)?> FindExtentAsync(
        Id128 extent, CancellationToken cancellationToken)
    {
        if (await ContentAsync(cancellationToken) is not { } content)
        {
            return null;
        }

        foreach (var (place, slot) in await content.FindExtentAsync(extent, cancellationToken))
        {
            if (await _directories!.FindAsync(place.Pack, cancellationToken) is { } pack
                && place.Number < pack.Frames.Length
                && pack.Frames[place.Number] is var frame && slot < frame.Slots.Length
                && frame.Slots[slot] is { Kind: SlotKind.Extent } held && held.Id == extent)
            {
                return (new FrameReference(frame.Id, place), slot);
            }
        }

        return null;
    }

    private async ValueTask<IndexContent?> ContentAsync(CancellationToken cancellationToken)
    {
        if (_content is not null || _cluster is null)
        {
            return _content;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _content ??= await IndexContent.LoadAsync(_cluster, whole: false, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }
}
