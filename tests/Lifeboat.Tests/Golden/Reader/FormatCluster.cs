namespace Lifeboat.Tests.Golden.Reader;

/// <summary>A slot of a frame: 0 an extent, 1 loose pages.</summary>
internal sealed record FormatSlot(int Kind, int Length, string Id);

/// <summary>A frame in a pack.</summary>
internal sealed record FormatFrame(string Pack, int Number, string Id, byte[] Plain, FormatSlot[] Slots, long Offset, long Length)
{
    internal ReadOnlySpan<byte> Slot(int at) =>
        Plain.AsSpan(Slots.Take(at).Sum(slot => slot.Length), Slots[at].Length);
}

/// <summary>What lies below one cluster: packs by section 4, and the rest by name.</summary>
internal sealed class FormatCluster
{
    private readonly Lazy<Dictionary<string, FormatFrame[]>> _packs;

    internal FormatCluster(FormatRepository repository, string folder, byte[] tagKey)
    {
        Repository = repository;
        Folder = folder;
        Tags = new FormatCrypto.Tags(tagKey);
        _packs = new(() => Below("packs/").ToDictionary(pack => pack.Name.Split('/')[^1], ReadPack));
    }

    internal FormatRepository Repository { get; }

    /// <summary>With a slash at its end.</summary>
    internal string Folder { get; }

    internal FormatCrypto.Tags Tags { get; }

    internal IReadOnlyDictionary<string, FormatFrame[]> Packs => _packs.Value;

    internal IEnumerable<FormatContainer> Below(string folder) => Repository.Objects
        .Where(pair => pair.Key.StartsWith(Folder + folder, StringComparison.Ordinal)).Select(pair => pair.Value);

    /// <summary>A frame where the hint says, or else in any pack that holds it.</summary>
    internal FormatFrame Frame(string id, string? pack, int number) =>
        pack is not null && Packs.GetValueOrDefault(pack) is { } hinted && number < hinted.Length && hinted[number].Id == id
            ? hinted[number]
            : Packs.Values.SelectMany(frames => frames).First(frame => frame.Id == id);

    private FormatFrame[] ReadPack(FormatContainer pack)
    {
        var annex = new FormatCursor(pack.Annex);
        var frames = new FormatFrame[pack.Frames.Count];
        for (var number = 0; number < frames.Length; number++)
        {
            var slots = new FormatSlot[annex.Count()];
            for (var at = 0; at < slots.Length; at++)
            {
                slots[at] = new FormatSlot(annex.Byte(), annex.Count(), annex.Id());
            }

            if (slots.Length > 4096 || slots.Any(slot => slot.Kind > 1)
                || slots.Sum(slot => slot.Length) != pack.Frames[number].Length)
            {
                throw new FormatError($"{pack.Name}: the slots of frame {number} are not its plaintext");
            }

            var id = Tags.Id("frame", slots
                .SelectMany(slot => (byte[])
                    [(byte)slot.Kind, .. BitConverter.GetBytes(slot.Length), .. Convert.FromHexString(slot.Id)])
                .ToArray());
            var name = pack.Name.Split('/')[^1];
            frames[number] = new FormatFrame(
                name,
                number,
                id,
                pack.Frames[number],
                slots,
                pack.Offsets[number],
                pack.Offsets[number + 1] - pack.Offsets[number]);
        }

        annex.End();
        return frames;
    }
}
