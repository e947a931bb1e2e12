using System.Buffers.Binary;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>An index run: section 5. Every entry is held against the packs, and every id against the filter.</summary>
internal static class FormatIndex
{
    private const int BlockSize = 32;

    /// <returns>How many entries were held against a pack that is there.</returns>
    internal static int Hold(FormatCluster cluster, FormatContainer run)
    {
        var annex = new FormatCursor(run.Annex);
        _ = annex.Varint();
        var (packs, frames, extents, blocks) = (annex.Count(), annex.Count(), annex.Count(), annex.Count());
        int[] sections = [annex.Count(), annex.Count(), annex.Count()];
        var firsts = new List<string>();
        for (var at = 0; at < sections[1] + sections[2]; at++)
        {
            firsts.Add(annex.Id());
        }

        for (var left = annex.Count(); left > 0; left--)
        {
            _ = annex.Id();
        }

        annex.End();
        var bodies = run.Frames;
        var names = Packs(Section(bodies, 0, sections[0]), packs);
        var filter = Section(bodies, sections.Sum(), bodies.Count - sections.Sum()).SelectMany(body => body).ToArray();
        if (filter.Length != blocks * BlockSize || (blocks == 0) != (frames + extents == 0))
        {
            throw new FormatError($"{run.Name}: its filter has {filter.Length} bytes");
        }

        var ids = new List<string>();
        var held = 0;
        var began = new List<string>();
        foreach (var body in Section(bodies, sections[0], sections[1]))
        {
            var cursor = new FormatCursor(body);
            began.Add(Convert.ToHexStringLower(body.AsSpan(0, 16)));
            while (cursor.Left > 0)
            {
                ids.Add(cursor.Id());
                held += HoldFrame(cluster, ref cursor, ids[^1], names);
            }
        }

        Demand(run, ids.Count == frames && IsAscending(ids), "its frames do not ascend");
        foreach (var body in Section(bodies, sections[0] + sections[1], sections[2]))
        {
            var cursor = new FormatCursor(body);
            began.Add(Convert.ToHexStringLower(body.AsSpan(0, 16)));
            while (cursor.Left > 0)
            {
                ids.Add(cursor.Id());
                var (pack, number, slot) = (names[cursor.Count()], cursor.Count(), cursor.Count());
                if (cluster.Packs.GetValueOrDefault(pack) is { } there)
                {
                    Demand(run, there[number].Slots[slot] is { Kind: 0 } found && found.Id == ids[^1], "an extent is not there");
                    held++;
                }
            }
        }

        Demand(run, ids.Count == frames + extents && IsAscending(ids.Skip(frames)), "its extents do not ascend");
        Demand(run, began.SequenceEqual(firsts), "the annex names other first ids");
        Demand(run, ids.All(id => IsIn(filter, blocks, Convert.FromHexString(id))), "its filter lacks an id");
        return held;
    }

    private static int HoldFrame(FormatCluster cluster, ref FormatCursor cursor, string id, List<string> names)
    {
        var pack = names[cursor.Count()];
        var (number, offset, length) = (cursor.Count(), (long)cursor.Varint(), cursor.Count());
        var slots = new (int Kind, int Length)[cursor.Count()];
        for (var at = 0; at < slots.Length; at++)
        {
            slots[at] = (cursor.Byte(), cursor.Count());
        }

        if (cluster.Packs.GetValueOrDefault(pack) is not { } there)
        {
            return 0;
        }

        var frame = there[number];
        return frame.Id == id && frame.Offset == offset && frame.Length == length
            && frame.Slots.Select(slot => (slot.Kind, slot.Length)).SequenceEqual(slots)
                ? 1
                : throw new FormatError($"the index says otherwise of frame {number} of {pack}");
    }

    private static List<string> Packs(IEnumerable<byte[]> bodies, int count)
    {
        var names = new List<string>();
        foreach (var body in bodies)
        {
            var cursor = new FormatCursor(body);
            while (cursor.Left > 0)
            {
                names.Add(cursor.Id());
                _ = cursor.Varint();
                _ = cursor.Bytes(8 + 1 + 8 + 1);
                _ = cursor.Varint();
            }
        }

        return names.Count == count && IsAscending(names)
            ? names
            : throw new FormatError("an index run does not list the packs that it announces");
    }

    private static bool IsIn(byte[] filter, int blocks, byte[] id)
    {
        var (high, low) = (BinaryPrimitives.ReadUInt64BigEndian(id), BinaryPrimitives.ReadUInt64BigEndian(id.AsSpan(8)));
        var block = (int)((high >> 32) * (ulong)blocks >> 32);
        for (var word = 0; word < 8; word++)
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(filter.AsSpan((block * BlockSize) + (word * 4)));
            if ((bits >> (int)((low >> (5 * word)) & 31) & 1) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<byte[]> Section(IReadOnlyList<byte[]> bodies, int first, int count) =>
        bodies.Skip(first).Take(count);

    private static bool IsAscending(IEnumerable<string> ids) =>
        ids.Zip(ids.Skip(1)).All(pair => string.CompareOrdinal(pair.First, pair.Second) <= 0);

    private static void Demand(FormatContainer run, bool holds, string what)
    {
        if (!holds)
        {
            throw new FormatError($"{run.Name}: {what}");
        }
    }
}
