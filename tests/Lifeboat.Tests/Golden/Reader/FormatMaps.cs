using System.Numerics;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>Facts of a file: section 6.</summary>
internal sealed record FormatFacts(int Kind, int Mode, long Length, uint? Crc);

/// <summary>An extent as the runs laid over each other leave it.</summary>
internal sealed class FormatExtent
{
    internal required int Length { get; set; }

    internal string? Id { get; set; }

    /// <summary>20 bytes for each page.</summary>
    internal required byte[][] Tags { get; set; }

    internal (FormatFrame Frame, int Slot)? Base { get; init; }

    internal List<(ulong Pages, FormatFrame Frame, int Slot)> Overlays { get; init; } = [];
}

/// <summary>A file of a backup.</summary>
internal sealed class FormatFile
{
    internal SortedDictionary<long, FormatExtent> Extents { get; } = [];

    internal FormatFacts? Facts { get; set; }
}

/// <summary>The map of one backup: its runs over each other, by section 6.</summary>
internal sealed class FormatMaps(FormatCluster cluster)
{
    private const int PageSize = 8192;
    private const int PagesPerExtent = 32;

    /// <summary>What of the format was met: so that a test sees that the golden repositories have it.</summary>
    internal HashSet<string> Met { get; } = [];

    /// <summary>The files of a backup, by their paths as bytes in hexadecimal digits, in the order of the paths.</summary>
    internal SortedDictionary<string, FormatFile> Lay(IEnumerable<string> runs)
    {
        var files = new SortedDictionary<string, FormatFile>(StringComparer.Ordinal);
        foreach (var run in runs)
        {
            var map = cluster.Repository.Objects[$"{cluster.Folder}maps/{run}"];
            ReadAnnex(map);
            var cut = new HashSet<string>(StringComparer.Ordinal);
            foreach (var block in map.Frames)
            {
                ReadBlock(block, files, cut);
            }
        }

        return files;
    }

    /// <summary>The content of a file, with every page held against its tag and every extent against its id.</summary>
    internal byte[] Content(FormatFile file)
    {
        var content = new byte[file.Facts!.Length];
        foreach (var (number, extent) in file.Extents)
        {
            var bytes = content.AsSpan((int)(number * PagesPerExtent * PageSize), extent.Length);
            if (extent.Base is { } below)
            {
                var slot = below.Frame.Slot(below.Slot);
                slot[..Math.Min(slot.Length, bytes.Length)].CopyTo(bytes);
            }

            foreach (var (pages, frame, slot) in extent.Overlays)
            {
                var loose = frame.Slot(slot);
                for (var left = pages; left != 0; left &= left - 1)
                {
                    var at = BitOperations.TrailingZeroCount(left) * PageSize;
                    var page = loose[..Math.Min(PageSize, loose.Length)];
                    page[..Math.Min(page.Length, bytes.Length - at)].CopyTo(bytes[at..]);
                    loose = loose[page.Length..];
                }
            }

            if (extent.Id is not null)
            {
                Hold(extent, bytes);
            }
        }

        return content;
    }

    private void Hold(FormatExtent extent, ReadOnlySpan<byte> bytes)
    {
        for (var page = 0; page * PageSize < bytes.Length; page++)
        {
            var piece = bytes.Slice(page * PageSize, Math.Min(PageSize, bytes.Length - (page * PageSize)));
            if (!TagOf(piece).AsSpan().SequenceEqual(extent.Tags[page]))
            {
                throw new FormatError($"page {page} does not have the tag that the map gives it");
            }
        }

        if (cluster.Tags.Id("extent", extent.Tags.SelectMany(tag => tag[..16]).ToArray()) != extent.Id)
        {
            throw new FormatError("an extent does not have the id that the map gives it");
        }
    }

    private byte[] TagOf(ReadOnlySpan<byte> page) =>
        [.. cluster.Tags.Piece(page), .. BitConverter.GetBytes(FormatCrypto.Crc(page))];

    private static void ReadAnnex(FormatContainer map)
    {
        var annex = new FormatCursor(map.Annex);
        var (pages, size) = (annex.Count(), annex.Count());
        _ = annex.Varint();
        for (var block = 0; block < map.Frames.Count; block++)
        {
            _ = annex.Bytes(annex.Count());
            _ = annex.Varint();
            _ = annex.Varint();
        }

        annex.End();
        if (pages != PagesPerExtent || size != PageSize)
        {
            throw new FormatError($"{map.Name} has extents of {pages} pages of {size} bytes");
        }
    }

    private void ReadBlock(byte[] block, SortedDictionary<string, FormatFile> files, HashSet<string> cut)
    {
        var cursor = new FormatCursor(block);
        var packs = new string[cursor.Count()];
        for (var at = 0; at < packs.Length; at++)
        {
            packs[at] = cursor.Id();
        }

        var frames = new FormatFrame[cursor.Count()];
        for (var at = 0; at < frames.Length; at++)
        {
            var id = cursor.Id();
            var pack = cursor.Count();
            frames[at] = pack == 0 ? cluster.Frame(id, null, 0) : cluster.Frame(id, packs[pack - 1], cursor.Count());
            Met.Add(pack == 0 ? "a frame without a hint" : packs[pack - 1] == frames[at].Pack ? "a hint" : "a hint that is wrong");
        }

        for (var left = cursor.Count(); left > 0; left--)
        {
            ReadFile(ref cursor, frames, files, cut);
        }

        cursor.End();
    }

    private void ReadFile(
        ref FormatCursor cursor, FormatFrame[] frames, SortedDictionary<string, FormatFile> files, HashSet<string> cut)
    {
        var path = Convert.ToHexStringLower(cursor.Bytes(cursor.Count()));
        var flags = cursor.Byte();
        if ((flags & 2) != 0)
        {
            files.Remove(path);
            Met.Add("gone");
        }

        var kept = (flags & 4) != 0 ? cursor.Count() : int.MaxValue;
        var file = files.GetValueOrDefault(path) ?? new FormatFile();
        if (kept < int.MaxValue && cut.Add(path))
        {
            Met.Add(kept == 0 ? "stored whole" : "cut");
            foreach (var behind in file.Extents.Keys.Where(number => number >= kept).ToList())
            {
                file.Extents.Remove(behind);
            }
        }

        var next = 0L;
        for (var left = cursor.Count(); left > 0; left--)
        {
            next += cursor.Count();
            ReadExtent(ref cursor, frames, file, next++);
        }

        if ((flags & 1) != 0)
        {
            var (kind, mode, length) = (cursor.Byte(), cursor.Count(), cursor.Count());
            _ = cursor.Bytes(24);
            file.Facts = new FormatFacts(kind, mode, length, (flags & 8) == 0 ? cursor.U32() : null);
            Met.Add(file.Facts.Crc is null ? "facts without a CRC" : $"facts of kind {kind}");
        }

        if ((flags & 2) == 0)
        {
            files[path] = file;
        }
    }

    private void ReadExtent(ref FormatCursor cursor, FormatFrame[] frames, FormatFile file, long number)
    {
        var flags = cursor.Byte();
        var (nothingBelow, hasOverlays, isPatch) = ((flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);
        var length = cursor.Count();
        var pages = (length + PageSize - 1) / PageSize;
        var hasTags = !isPatch && (!nothingBelow || hasOverlays);
        var id = hasTags ? cursor.Id() : null;
        var tags = new byte[pages][];
        for (var page = 0; hasTags && page < pages; page++)
        {
            tags[page] = cursor.Bytes(20).ToArray();
        }

        (FormatFrame, int)? below = nothingBelow || isPatch ? null : (frames[cursor.Count()], cursor.Count());
        var overlays = new List<(ulong Pages, FormatFrame Frame, int Slot)>();
        for (var left = hasOverlays ? cursor.Count() : 0; left > 0; left--)
        {
            overlays.Add((cursor.Varint(), frames[cursor.Count()], cursor.Count()));
        }

        Met.Add(isPatch ? "patch" : nothingBelow ? hasOverlays ? "overlays over zeros" : "zeros"
            : hasOverlays ? "a base under overlays" : "a base");
        if (!isPatch)
        {
            file.Extents[number] = new FormatExtent { Length = length, Id = id, Tags = tags, Base = below, Overlays = overlays };
            return;
        }

        var earlier = file.Extents[number];
        var union = overlays.Aggregate(0UL, (all, overlay) => all | overlay.Pages);
        for (var page = 0; page < pages; page++)
        {
            tags[page] = (union >> page & 1) != 0
                ? cursor.Bytes(20).ToArray()
                : earlier.Tags.ElementAtOrDefault(page) ?? TagOf(new byte[Math.Min(PageSize, length - (page * PageSize))]);
        }

        file.Extents[number] = new FormatExtent
        {
            Length = length,
            // A patch names no id: that of the result follows from its tags.
            Id = cluster.Tags.Id("extent", tags.SelectMany(tag => tag[..16]).ToArray()),
            Tags = tags,
            Base = earlier.Base,
            Overlays = [.. earlier.Overlays, .. overlays],
        };
        Met.Add($"{Math.Min(earlier.Overlays.Count + overlays.Count, 3)} overlays or more");
    }
}
