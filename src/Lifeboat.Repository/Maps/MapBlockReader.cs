using System.Numerics;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Reads what <see cref="MapBlock"/> encodes; any other bytes are a <see cref="DecodingException"/>.</summary>
internal static class MapBlockReader
{
    /// <summary>Path length, one path byte, flags, extent count.</summary>
    private const int LeastFileBytes = 4;

    private const int LeastExtentBytes = 3;

    internal static List<MapEntry> Decode(ReadOnlySpan<byte> block)
    {
        var source = new ByteSource(block);
        var frames = DecodeFrames(ref source);
        var entries = new List<MapEntry>();
        for (var files = source.Count(LeastFileBytes, "files"); files > 0; files--)
        {
            DecodeFile(ref source, frames, entries);
        }

        source.MustBeAtEnd();
        return entries;
    }

    /// <summary>The frames that a block lists: all that its extents can refer to.</summary>
    internal static Id128[] DecodeFrameIds(ReadOnlySpan<byte> block)
    {
        var source = new ByteSource(block);
        return [.. DecodeFrames(ref source).Select(frame => frame.Id)];
    }

    private static FrameReference[] DecodeFrames(ref ByteSource source)
    {
        var packs = new Id128[source.Count(Id128.Size, "packs")];
        for (var at = 0; at < packs.Length; at++)
        {
            packs[at] = Id128.Read(source.Bytes(Id128.Size));
        }

        var frames = new FrameReference[source.Count(Id128.Size + 1, "frames")];
        for (var at = 0; at < frames.Length; at++)
        {
            var id = Id128.Read(source.Bytes(Id128.Size));
            var pack = source.VarintUpTo(packs.Length, "a frame's pack");
            frames[at] = pack == 0
                ? new FrameReference(id)
                : new FrameReference(
                    id, new FramePlace(packs[pack - 1], (uint)source.VarintUpTo(int.MaxValue, "a frame's number")));
        }

        return frames;
    }

    private static void DecodeFile(ref ByteSource source, FrameReference[] frames, List<MapEntry> entries)
    {
        var path = source.Bytes(source.VarintUpTo(MapEntry.LongestPath, "a path's length")).ToArray();
        var flags = source.Byte();
        var ending = flags & (MapBlock.EndsHere | MapBlock.Gone);
        if (path.Length == 0 || flags > 15 || ending == (MapBlock.EndsHere | MapBlock.Gone)
            || ((flags & MapBlock.CrcFromTags) != 0 && ending != MapBlock.EndsHere))
        {
            throw new DecodingException("a file's record has no path or unknown flags");
        }

        int? kept = (flags & MapBlock.Cut) != 0
            ? source.VarintUpTo(int.MaxValue, "the number of extents kept")
            : null;
        var number = -1L;
        for (var count = source.Count(LeastExtentBytes, "extents"); count > 0; count--)
        {
            number += 1 + source.VarintUpTo(int.MaxValue - 1, "an extent's number");
            if (number >= int.MaxValue || ending == MapBlock.Gone)
            {
                throw new DecodingException("an extent has an impossible number");
            }

            var extent = DecodeExtent(ref source, frames, (int)number);
            entries.Add(new MapEntry(path, extent, Facts: null, IsGone: false) { Kept = kept });
        }

        if (ending != 0)
        {
            var facts = ending == MapBlock.EndsHere
                ? FileFacts.Read(ref source, (flags & MapBlock.CrcFromTags) != 0)
                : null;
            entries.Add(new MapEntry(path, Extent: null, facts, IsGone: facts is null) { Kept = kept });
        }
    }

    private static ExtentEntry DecodeExtent(ref ByteSource source, FrameReference[] frames, int number)
    {
        var flags = source.Byte();
        var (nothingBelow, isPatch) = ((flags & MapBlock.NothingBelow) != 0, (flags & MapBlock.IsPatch) != 0);
        var hasOverlays = (flags & MapBlock.HasOverlays) != 0;
        if (flags > 7 || (isPatch && (nothingBelow || !hasOverlays)))
        {
            throw new DecodingException("an extent has unknown flags, or is a patch of nothing");
        }

        var length = source.VarintUpTo(PageTags.ExtentSize, "an extent's length");
        if (length == 0)
        {
            throw new DecodingException("an extent is empty");
        }

        var (id, tags, held, slot) = (default(Id128), Array.Empty<byte>(), default(FrameReference), 0);
        if (!isPatch && (!nothingBelow || hasOverlays))
        {
            id = Id128.Read(source.Bytes(Id128.Size));
            tags = source.Bytes(PageTags.PagesOf(length) * PageTags.TagSize).ToArray();
        }

        if (!isPatch && !nothingBelow)
        {
            held = Frame(ref source, frames);
            slot = source.VarintUpTo(Slot.MostPerFrame - 1, "a slot");
        }

        var overlays = hasOverlays ? DecodeOverlays(ref source, frames, PageTags.PagesOf(length)) : [];
        if (isPatch)
        {
            tags = source.Bytes(BitOperations.PopCount(Overlay.Union(overlays)) * PageTags.TagSize).ToArray();
        }

        return new ExtentEntry(number, length, id, tags, held, slot, overlays) { IsPatch = isPatch };
    }

    private static Overlay[] DecodeOverlays(ref ByteSource source, FrameReference[] frames, int pages)
    {
        var overlays = new Overlay[source.Count(LeastExtentBytes, "overlays")];
        for (var at = 0; at < overlays.Length; at++)
        {
            overlays[at] = new Overlay(
                source.Varint(), Frame(ref source, frames), source.VarintUpTo(Slot.MostPerFrame - 1, "a slot"));
            if (overlays[at].Pages == 0 || overlays[at].Pages >> pages != 0)
            {
                throw new DecodingException("an overlay holds no page, or pages that its extent does not have");
            }
        }

        return overlays.Length > 0 ? overlays : throw new DecodingException("an extent lacks the overlays it announces");
    }

    private static FrameReference Frame(ref ByteSource source, FrameReference[] frames)
    {
        var index = source.Varint();
        return index < (ulong)frames.Length
            ? frames[index]
            : throw new DecodingException("an extent refers to a frame that its block does not list");
    }
}
