using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// Reads the content of extents: base, overlays over it, and the comparison with the tags. The frames that were read last
/// are kept, one of extents and one of loose pages, so that callers who go frame by frame read each once. Used by one thread
/// at a time.
/// </summary>
public sealed class ExtentReader(Cluster cluster, FrameIndex index) : IDisposable
{
    private readonly FrameSource _source = new(cluster);
    private readonly LoadedFrame _extents = new();
    private readonly LoadedFrame _loosePages = new();
    private readonly byte[] _assembled = new byte[PageTags.ExtentSize];

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
            : await SlotAsync(path, held, extent.Slot, SlotKind.Extent, cancellationToken);
        if (extent.Overlays.Length > 0)
        {
            _assembled.AsSpan(0, extent.Length).Clear();
            content[..Math.Min(content.Length, extent.Length)].CopyTo(_assembled);
            foreach (var overlay in extent.Overlays)
            {
                var pages = await SlotAsync(
                    path, overlay.Frame, overlay.Slot, SlotKind.LoosePages, cancellationToken);
                overlay.Lay(pages.Span, _assembled.AsSpan(0, extent.Length));
            }

            content = _assembled.AsMemory(0, extent.Length);
        }

        if (content.Length != extent.Length)
        {
            throw await DamagedAsync(path, held, $"holds {content.Length} bytes in place of {extent.Length}", cancellationToken);
        }

        var page = PageTags.FirstMismatch(content.Span, extent.Tags);
        return page < 0
            ? content
            : throw await DamagedAsync(
                path, held, $"is not what the backup's map says at page {page} of extent {extent.Number}", cancellationToken);
    }

    /// <summary>
    /// Asks for all that the extents are stored in, so that it is here when they are read. Null where the store is so near that
    /// nothing would be won. The caller's to dispose of when they were read.
    /// </summary>
    public ExpectedFrames? Expect(IEnumerable<ExtentEntry> extents, CancellationToken cancellationToken)
    {
        if (!cluster.Store.Capabilities.Distant)
        {
            return null;
        }

        return _source.Ahead.Hold(
            FramesAhead.Begin(cluster, index, extents.SelectMany(extent => extent.Frames), cancellationToken));
    }

    public void Dispose() => _source.Dispose();

    private async ValueTask<Memory<byte>> SlotAsync(
        string path, FrameReference frame, int slot, SlotKind kind, CancellationToken cancellationToken)
    {
        var loaded = kind == SlotKind.Extent ? _extents : _loosePages;
        if (loaded.Id != frame.Id)
        {
            var location = await index.FindAsync(frame, cancellationToken)
                ?? throw await MissingAsync(path, frame, cancellationToken);
            loaded.Id = default;
            loaded.Slots = await LoadAsync(location, loaded.Plain, cancellationToken);
            loaded.Id = frame.Id;
        }

        return slot < loaded.Slots.Length && loaded.Slots[slot].Kind == kind
            ? loaded.Plain.AsMemory(Slot.OffsetOf(loaded.Slots, slot), loaded.Slots[slot].Length)
            : throw await DamagedAsync(path, frame, $"has no slot {slot} of the right kind", cancellationToken);
    }

    /// <summary>Reads a frame, from another pack that holds it too when the first one is damaged there.</summary>
    private async ValueTask<Slot[]> LoadAsync(FrameLocation location, byte[] plain, CancellationToken cancellationToken)
    {
        DamagedObjectException damage;
        try
        {
            await _source.ReadAsync(location, plain, cancellationToken);
            return location.Frame.Slots;
        }
        catch (DamagedObjectException found)
        {
            damage = found;
        }

        foreach (var copy in await index.FindAllAsync(location.Frame.Id, cancellationToken))
        {
            try
            {
                if (copy.Pack != location.Pack)
                {
                    await _source.ReadAsync(copy, plain, cancellationToken);
                    return copy.Frame.Slots;
                }
            }
            catch (DamagedObjectException)
            {
                // What is told is the damage that was met first.
            }
        }

        throw damage;
    }

    private async ValueTask<DamagedObjectException> MissingAsync(
        string path, FrameReference frame, CancellationToken cancellationToken)
    {
        if ((await index.FindLostAsync(frame.Id, cancellationToken) ?? frame.Place?.Pack) is { } pack)
        {
            return index.Damage.FirstOrDefault(damage => damage.Name == ObjectNames.Pack(cluster.Name, pack))
                ?? new DamagedObjectException(
                    ObjectNames.Pack(cluster.Name, pack), DamageKind.Missing, $"it held content of {Shown(path)}");
        }

        return index.Damage.Count > 0
            ? index.Damage[0]
            : new DamagedObjectException(
                new Storage.ObjectName(ObjectNames.Packs(cluster.Name) + "missing"),
                DamageKind.Missing,
                $"no pack holds frame {frame.Id}, which {Shown(path)} needs");
    }

    private async ValueTask<DamagedObjectException> DamagedAsync(
        string path, FrameReference frame, string what, CancellationToken cancellationToken) =>
        new(
            ObjectNames.Pack(cluster.Name, (await index.FindAsync(frame, cancellationToken))?.Pack ?? default),
            DamageKind.Inconsistent,
            $"frame {frame.Id}, which {Shown(path)} needs, {what}");

    private static string Shown(string path) => Platform.Files.PosixPath.Display(path);

    private sealed class LoadedFrame
    {
        internal Id128 Id { get; set; }

        internal Slot[] Slots { get; set; } = [];

        internal byte[] Plain { get; } = new byte[ContainerLimits.BodyPlaintext];
    }
}
