using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// A block of a map run (format, section 6): the ids of the frames that it refers to, then its files. A file whose
/// extents fill more than one block has a record in each; facts stand in the last.
/// </summary>
internal static class MapBlock
{
    private const byte EndsHere = 1;
    private const byte Gone = 2;
    private const byte AllZero = 1;
    private const byte HasOverlays = 2;

    /// <summary>Path length, one path byte, flags, extent count.</summary>
    private const int LeastFileBytes = 4;
    private const int LeastExtentBytes = 3;

    /// <summary>What an entry takes in a block, roughly and never too little; for deciding when a block is full.</summary>
    internal static int EstimatedSize(MapEntry entry) => entry.Extent is { } extent
        ? 64 + extent.Tags.Length + (extent.Overlays.Length * 40) + entry.PathBytes.Length
        : 64 + entry.PathBytes.Length;

    internal static void Encode(ByteSink sink, IReadOnlyList<MapEntry> entries)
    {
        var frames = new Dictionary<Id128, int>();
        foreach (var extent in entries.Select(entry => entry.Extent).OfType<ExtentEntry>())
        {
            if (extent.Base is { } held)
            {
                frames.TryAdd(held.Id, frames.Count);
            }

            foreach (var overlay in extent.Overlays)
            {
                frames.TryAdd(overlay.Frame.Id, frames.Count);
            }
        }

        sink.Varint(frames.Count);
        foreach (var frame in frames.Keys)
        {
            frame.Write(sink.Append(Id128.Size));
        }

        var files = entries.GroupBy(entry => entry.PathBytes, ByteComparer.Instance).ToList();
        sink.Varint(files.Count);
        foreach (var file in files)
        {
            EncodeFile(sink, file.Key, [.. file], frames);
        }
    }

    internal static List<MapEntry> Decode(ReadOnlySpan<byte> block)
    {
        var source = new ByteSource(block);
        var frames = new FrameReference[source.Count(Id128.Size, "frames")];
        for (var at = 0; at < frames.Length; at++)
        {
            frames[at] = new FrameReference(Id128.Read(source.Bytes(Id128.Size)));
        }

        var entries = new List<MapEntry>();
        for (var files = source.Count(LeastFileBytes, "files"); files > 0; files--)
        {
            DecodeFile(ref source, frames, entries);
        }

        source.MustBeAtEnd();
        return entries;
    }

    private static void EncodeFile(
        ByteSink sink, byte[] path, List<MapEntry> entries, Dictionary<Id128, int> frames)
    {
        sink.Varint(path.Length);
        sink.Bytes(path);
        var last = entries[^1];
        sink.Byte(last.IsGone ? Gone : last.Facts is not null ? EndsHere : (byte)0);
        var extents = entries.Select(entry => entry.Extent).OfType<ExtentEntry>().ToList();
        sink.Varint(extents.Count);
        var previous = -1;
        foreach (var extent in extents)
        {
            sink.Varint(extent.Number - previous - 1);
            previous = extent.Number;
            EncodeExtent(sink, extent, frames);
        }

        last.Facts?.Write(sink);
    }

    private static void EncodeExtent(ByteSink sink, ExtentEntry extent, Dictionary<Id128, int> frames)
    {
        sink.Byte((byte)((extent.IsZero ? AllZero : 0) | (extent.Overlays.Length > 0 ? HasOverlays : 0)));
        sink.Varint(extent.Length);
        if (extent.Base is { } held)
        {
            extent.Id.Write(sink.Append(Id128.Size));
            sink.Bytes(extent.Tags);
            sink.Varint(frames[held.Id]);
            sink.Varint(extent.Slot);
        }

        if (extent.Overlays.Length > 0)
        {
            sink.Varint(extent.Overlays.Length);
            foreach (var overlay in extent.Overlays)
            {
                sink.Varint(overlay.Pages);
                sink.Varint(frames[overlay.Frame.Id]);
                sink.Varint(overlay.Slot);
            }
        }
    }

    private static void DecodeFile(ref ByteSource source, FrameReference[] frames, List<MapEntry> entries)
    {
        var path = source.Bytes(source.VarintUpTo(MapEntry.LongestPath, "a path's length")).ToArray();
        var flags = source.Byte();
        if (path.Length == 0 || flags > Gone)
        {
            throw new DecodingException("a file's record has no path or unknown flags");
        }

        var number = -1L;
        for (var count = source.Count(LeastExtentBytes, "extents"); count > 0; count--)
        {
            number += 1 + source.VarintUpTo(int.MaxValue - 1, "an extent's number");
            if (number >= int.MaxValue || flags == Gone)
            {
                throw new DecodingException("an extent has an impossible number");
            }

            entries.Add(new MapEntry(path, DecodeExtent(ref source, frames, (int)number), Facts: null, IsGone: false));
        }

        if (flags != 0)
        {
            var facts = flags == EndsHere ? FileFacts.Read(ref source) : null;
            entries.Add(new MapEntry(path, Extent: null, facts, IsGone: flags == Gone));
        }
    }

    private static ExtentEntry DecodeExtent(ref ByteSource source, FrameReference[] frames, int number)
    {
        var flags = source.Byte();
        if (flags > HasOverlays)
        {
            throw new DecodingException("an extent has unknown flags, or lays pages over zeros");
        }

        var length = source.VarintUpTo(PageTags.ExtentSize, "an extent's length");
        if (length == 0)
        {
            throw new DecodingException("an extent is empty");
        }

        var (id, tags, held, slot) = (default(Id128), Array.Empty<byte>(), default(FrameReference), 0);
        if ((flags & AllZero) == 0)
        {
            id = Id128.Read(source.Bytes(Id128.Size));
            tags = source.Bytes(PageTags.PagesOf(length) * PageTags.TagSize).ToArray();
            held = Frame(ref source, frames);
            slot = source.VarintUpTo(Slot.MostPerFrame - 1, "a slot");
        }

        var overlays = (flags & HasOverlays) == 0 ? [] : DecodeOverlays(ref source, frames, PageTags.PagesOf(length));
        return new ExtentEntry(number, length, id, tags, held, slot, overlays);
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

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        internal static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
