using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Check;

/// <summary>Puts an extent together from its base and overlays, and compares it with its tags. One caller at a time.</summary>
internal sealed class OverlayReader(Cluster cluster, PackTable packs) : IDisposable
{
    private readonly FrameSource _source = new(cluster);
    private readonly ExtentTagger _tagger = new(cluster.TagKey);
    private readonly byte[] _extent = new byte[PageTags.ExtentSize];
    private readonly byte[] _frame = new byte[ContainerLimits.BodyPlaintext];
    private Id128 _held;

    public void Dispose()
    {
        _source.Dispose();
        _tagger.Dispose();
    }

    /// <returns>What is wrong, or null; also null when a pack is damaged, which is told of the pack.</returns>
    internal async ValueTask<string?> CompareAsync(ExtentEntry extent, CancellationToken cancellationToken)
    {
        _extent.AsSpan().Clear();
        if (extent.Base is { } held)
        {
            if (await SlotAsync(held.Id, extent.Slot, cancellationToken) is not { } content)
            {
                return null;
            }

            content.CopyTo(_extent);
        }

        foreach (var overlay in extent.Overlays)
        {
            if (await SlotAsync(overlay.Frame.Id, overlay.Slot, cancellationToken) is not { } pages)
            {
                return null;
            }

            overlay.Lay(pages.Span, _extent.AsSpan(0, extent.Length));
        }

        var tags = _tagger.Tag(_extent.AsSpan(0, extent.Length), out _, out _);
        return tags.AsSpan().SequenceEqual(extent.Tags)
            ? null
            : $"extent {extent.Number} with its overlays is not what its tags say";
    }

    private async ValueTask<ReadOnlyMemory<byte>?> SlotAsync(Id128 frame, int slot, CancellationToken cancellationToken)
    {
        foreach (var (pack, packed) in packs.Find(frame))
        {
            if (!pack.IsIntact(frame, slot))
            {
                continue;
            }

            try
            {
                if (_held != frame)
                {
                    _held = default;
                    await _source.ReadAsync(new FrameLocation(pack.Id, packed), _frame, cancellationToken);
                    _held = frame;
                }

                return _frame.AsMemory(Slot.OffsetOf(packed.Slots, slot), packed.Slots[slot].Length);
            }
            catch (DamagedObjectException)
            {
                // The pass over the packs meets the same damage and reports it with all that it hurts.
            }
        }

        return null;
    }
}
