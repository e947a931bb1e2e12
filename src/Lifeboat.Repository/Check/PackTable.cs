using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Check;

/// <summary>
/// All packs of a cluster, those that lack included, and which frame is where. Memory: about 250 bytes for each frame.
/// </summary>
internal sealed class PackTable
{
    private readonly Dictionary<Id128, List<(PackState Pack, PackedFrame Frame)>> _frames = [];

    internal SortedDictionary<Id128, PackState> Packs { get; } = [];

    internal PackState Of(Id128 id, ObjectName name)
    {
        if (!Packs.TryGetValue(id, out var state))
        {
            Packs[id] = state = new PackState(id, name);
        }

        return state;
    }

    internal void Add(PackState pack, IEnumerable<PackedFrame> frames)
    {
        foreach (var frame in frames)
        {
            if (!_frames.TryGetValue(frame.Id, out var copies))
            {
                _frames[frame.Id] = copies = new List<(PackState, PackedFrame)>(1);
            }

            copies.Add((pack, frame));
        }
    }

    /// <summary>The copies of a frame, of lost and damaged packs too; empty when nothing knows it.</summary>
    internal IReadOnlyList<(PackState Pack, PackedFrame Frame)> Find(Id128 frame) =>
        _frames.TryGetValue(frame, out var copies) ? copies : [];
}

/// <summary>One pack, and what is wrong with it.</summary>
internal sealed class PackState(Id128 id, ObjectName name)
{
    private readonly Lock _lock = new();
    private readonly HashSet<(Id128 Frame, int Slot)> _bad = [];

    internal Id128 Id => id;

    internal ObjectName Name => name;

    /// <summary>Set when the directory could be read.</summary>
    internal PackRecord? Directory { get; set; }

    internal bool IsListed { get; set; }

    internal bool IsNeeded { get; set; }

    /// <summary>In words, each with its kind.</summary>
    internal List<(Containers.DamageKind Kind, string Detail)> Faults { get; } = [];

    internal SortedSet<string> Hurt { get; } = new(StringComparer.Ordinal);

    /// <summary>Some of the files that lose content, for the report.</summary>
    internal SortedSet<string> Files { get; } = new(StringComparer.Ordinal);

    /// <param name="slot">-1 for the whole frame.</param>
    internal void Fault(Containers.DamageKind kind, string detail, Id128 frame = default, int slot = -1)
    {
        lock (_lock)
        {
            Faults.Add((kind, detail));
            if (frame != default)
            {
                _bad.Add((frame, slot));
            }
        }
    }

    internal bool IsIntact(Id128 frame, int slot) =>
        Directory is not null && !_bad.Contains((frame, -1)) && !_bad.Contains((frame, slot));
}
