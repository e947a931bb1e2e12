using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// Reads the content of extents: base, overlays over it, and the comparison with the tags. The frame that was read last is
/// kept, so that callers who go frame by frame read each once. Used by one thread at a time.
/// </summary>
public sealed class ExtentReader(Cluster cluster, FrameIndex index) : IDisposable
{
    private readonly FrameSource _source = new(cluster);
    private readonly byte[] _plain = new byte[ContainerLimits.BodyPlaintext];
    private readonly byte[] _assembled = new byte[PageTags.ExtentSize];
    private Id128 _loaded;
    private Slot[] _slots = [];

    /// <summary>The content of an extent; valid until the next call.</summary>
    /// <param name="path">The file that wants it, for messages.</param>
    /// <exception cref="DamagedObjectException">A frame is missing or damaged, or its content is another.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        string path, ExtentEntry extent, CancellationToken cancellationToken)
    {
        if (extent.IsZero)
        {
            throw new ArgumentException("an extent of zeros is stored nowhere", nameof(extent));
        }

        var held = extent.Base ?? extent.Overlays[0].Frame;
        var content = extent.Base is null
            ? Memory<byte>.Empty
            : await SlotAsync(path, held.Id, extent.Slot, SlotKind.Extent, cancellationToken);
        if (extent.Overlays.Length > 0)
        {
            _assembled.AsSpan(0, extent.Length).Clear();
            content[..Math.Min(content.Length, extent.Length)].CopyTo(_assembled);
            foreach (var overlay in extent.Overlays)
            {
                var pages = await SlotAsync(
                    path, overlay.Frame.Id, overlay.Slot, SlotKind.LoosePages, cancellationToken);
                overlay.Lay(pages.Span, _assembled.AsSpan(0, extent.Length));
            }

            content = _assembled.AsMemory(0, extent.Length);
        }

        if (content.Length != extent.Length)
        {
            throw Damaged(path, held.Id, $"holds {content.Length} bytes in place of {extent.Length}");
        }

        var page = PageTags.FirstMismatch(content.Span, extent.Tags);
        return page < 0
            ? content
            : throw Damaged(path, held.Id, $"is not what the backup's map says at page {page} of extent {extent.Number}");
    }

    public void Dispose() => _source.Dispose();

    private async ValueTask<Memory<byte>> SlotAsync(
        string path, Id128 frame, int slot, SlotKind kind, CancellationToken cancellationToken)
    {
        if (_loaded != frame)
        {
            var location = index.Find(frame) ?? throw Missing(path, frame);
            _loaded = default;
            await LoadAsync(location, index.FindCopies(frame), cancellationToken);
            _slots = location.Frame.Slots;
            _loaded = frame;
        }

        return slot < _slots.Length && _slots[slot].Kind == kind
            ? _plain.AsMemory(Slot.OffsetOf(_slots, slot), _slots[slot].Length)
            : throw Damaged(path, frame, $"has no slot {slot} of the right kind");
    }

    /// <summary>Reads a frame, from another pack that holds it too when the first one is damaged there.</summary>
    private async ValueTask LoadAsync(
        FrameLocation location, IReadOnlyList<FrameLocation> copies, CancellationToken cancellationToken)
    {
        try
        {
            await _source.ReadAsync(location, _plain, cancellationToken);
        }
        catch (DamagedObjectException) when (copies.Count > 0)
        {
            await LoadAsync(copies[0], [.. copies.Skip(1)], cancellationToken);
        }
    }

    private DamagedObjectException Missing(string path, Id128 frame) =>
        index.FindLost(frame) is { } pack
            ? new DamagedObjectException(
                ObjectNames.Pack(cluster.Name, pack), DamageKind.Missing, $"it held content of {Shown(path)}")
            : index.Damage.Count > 0
                ? index.Damage[0]
                : new DamagedObjectException(
                    new Storage.ObjectName(ObjectNames.Packs(cluster.Name) + "missing"),
                    DamageKind.Missing,
                    $"no pack holds frame {frame}, which {Shown(path)} needs");

    private DamagedObjectException Damaged(string path, Id128 frame, string what) =>
        new(
            ObjectNames.Pack(cluster.Name, index.Find(frame)?.Pack ?? default),
            DamageKind.Inconsistent,
            $"frame {frame}, which {Shown(path)} needs, {what}");

    private static string Shown(string path) => Platform.Files.PosixPath.Display(path);
}
