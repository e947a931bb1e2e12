using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// A block of a map run (format, section 6): the ids of the frames that it refers to, then its files. A file whose
/// extents fill more than one block has a record in each; facts stand in the last.
/// </summary>
internal static class MapBlock
{
    internal const byte EndsHere = 1;
    internal const byte Gone = 2;
    internal const byte Cut = 4;
    internal const byte CrcFromTags = 8;

    internal const byte NothingBelow = 1;
    internal const byte HasOverlays = 2;
    internal const byte IsPatch = 4;

    /// <summary>What an entry takes in a block, roughly and never too little; for deciding when a block is full.</summary>
    internal static int EstimatedSize(MapEntry entry) => entry.Extent is { } extent
        ? 80 + extent.Tags.Length + (extent.Overlays.Length * 40) + entry.PathBytes.Length
        : 64 + entry.PathBytes.Length;

    internal static void Encode(ByteSink sink, IReadOnlyList<MapEntry> entries)
    {
        var frames = new Dictionary<Id128, int>();
        var places = new List<FrameReference>();
        foreach (var extent in entries.Select(entry => entry.Extent).OfType<ExtentEntry>())
        {
            if (extent.Base is { } held && frames.TryAdd(held.Id, frames.Count))
            {
                places.Add(held);
            }

            foreach (var overlay in extent.Overlays)
            {
                if (frames.TryAdd(overlay.Frame.Id, frames.Count))
                {
                    places.Add(overlay.Frame);
                }
            }
        }

        EncodeFrames(sink, places);
        var files = entries.GroupBy(entry => entry.PathBytes, ByteComparer.Instance).ToList();
        sink.Varint(files.Count);
        foreach (var file in files)
        {
            EncodeFile(sink, file.Key, [.. file], frames);
        }
    }

    private static void EncodeFrames(ByteSink sink, List<FrameReference> frames)
    {
        var packs = new Dictionary<Id128, int>();
        foreach (var frame in frames)
        {
            if (frame.Place is { } place)
            {
                packs.TryAdd(place.Pack, packs.Count);
            }
        }

        sink.Varint(packs.Count);
        foreach (var pack in packs.Keys)
        {
            pack.Write(sink.Append(Id128.Size));
        }

        sink.Varint(frames.Count);
        foreach (var frame in frames)
        {
            frame.Id.Write(sink.Append(Id128.Size));
            sink.Varint(frame.Place is { } place ? packs[place.Pack] + 1 : 0);
            if (frame.Place is { } told)
            {
                sink.Varint(told.Number);
            }
        }
    }

    private static void EncodeFile(
        ByteSink sink, byte[] path, List<MapEntry> entries, Dictionary<Id128, int> frames)
    {
        sink.Varint(path.Length);
        sink.Bytes(path);
        var last = entries[^1];
        sink.Byte((byte)((last.IsGone ? Gone : last.Facts is not null ? EndsHere : 0)
            | (last.Kept is null ? 0 : Cut)
            | (last.Facts is { CrcFromTags: true } ? CrcFromTags : 0)));
        if (last.Kept is { } kept)
        {
            sink.Varint(kept);
        }

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
        sink.Byte((byte)((extent.Base is null && !extent.IsPatch ? NothingBelow : 0)
            | (extent.Overlays.Length > 0 ? HasOverlays : 0)
            | (extent.IsPatch ? IsPatch : 0)));
        sink.Varint(extent.Length);
        if (!extent.IsPatch && !extent.IsZero)
        {
            extent.Id.Write(sink.Append(Id128.Size));
            sink.Bytes(extent.Tags);
        }

        if (extent.Base is { } held)
        {
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

        if (extent.IsPatch)
        {
            sink.Bytes(extent.Tags);
        }
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
