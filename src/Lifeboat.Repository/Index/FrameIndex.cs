using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>Where a frame is.</summary>
public sealed record FrameLocation(Id128 Pack, PackedFrame Frame);

/// <summary>
/// Which frame is in which pack, and which extent in which frame, of all packs that are really there. Index runs are
/// read first; packs that no run mentions (of a backup that was interrupted, or whose index was lost) are asked
/// themselves, so that a lost index costs time and nothing else.
/// </summary>
public sealed class FrameIndex
{
    private readonly Dictionary<Id128, FrameLocation> _frames = [];
    private readonly Dictionary<Id128, (FrameReference Frame, int Slot)> _extents = [];

    private readonly Dictionary<Id128, Id128> _lost = [];
    private readonly Dictionary<Id128, List<FrameLocation>> _copies = [];

    private IReadOnlySet<Id128>? _without;

    private FrameIndex()
    {
    }

    /// <summary>Index runs and packs that could not be read; what they hold may still be found elsewhere.</summary>
    public List<DamagedObjectException> Damage { get; } = [];

    /// <summary>Packs whose directory had to be read, since no index run lists them.</summary>
    public List<PackRecord> Unlisted { get; } = [];

    public int Frames => _frames.Count;

    /// <summary>Every pack that is listed or stored, with its size in the store (null: listed, not stored).</summary>
    internal Dictionary<Id128, long?> Packs { get; } = [];

    /// <summary>An index in which nothing is found: what a backup adds is stored whether it is there or not.</summary>
    public static FrameIndex Empty() => new();

    /// <param name="without">Packs that must not be found: condemned ones, for who stores.</param>
    public static async ValueTask<FrameIndex> LoadAsync(
        Cluster cluster, CancellationToken cancellationToken, IReadOnlySet<Id128>? without = null)
    {
        var index = new FrameIndex { _without = without };
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.Packs(cluster.Name), cancellationToken))
        {
            if (Id128.TryParse(facts.Name.LastPart, out var id) && without?.Contains(id) != true)
            {
                index.Packs[id] = facts.Size;
            }
        }

        var listed = await index.LoadRunsAsync(cluster, cancellationToken);
        foreach (var (pack, size) in index.Packs.ToArray())
        {
            if (listed.Contains(pack))
            {
                continue;
            }

            try
            {
                var record = await PackDirectory.ReadAsync(cluster, pack, size, cancellationToken);
                index.Unlisted.Add(record);
                index.Add(record);
            }
            catch (DamagedObjectException damage)
            {
                index.Damage.Add(damage);
            }
        }

        return index;
    }

    public FrameLocation? Find(Id128 frame) => _frames.GetValueOrDefault(frame);

    /// <summary>Where else the same frame is, for when what <see cref="Find"/> gave is damaged; mostly nowhere.</summary>
    public IReadOnlyList<FrameLocation> FindCopies(Id128 frame) => _copies.TryGetValue(frame, out var copies) ? copies : [];

    /// <summary>The pack that held a frame, when an index run lists it and the pack is not there any more.</summary>
    public Id128? FindLost(Id128 frame) => _lost.TryGetValue(frame, out var pack) ? pack : null;

    /// <summary>Where an extent is stored already; null when it is not.</summary>
    public (FrameReference Frame, int Slot)? FindExtent(Id128 extent) =>
        _extents.TryGetValue(extent, out var found) ? found : null;

    private async ValueTask<HashSet<Id128>> LoadRunsAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var runs = new List<(DateTimeOffset Created, IReadOnlyList<PackRecord> Packs)>();
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.IndexRuns(cluster.Name), cancellationToken))
        {
            if (!Id128.TryParse(facts.Name.LastPart, out var run))
            {
                continue;
            }

            try
            {
                runs.Add(await IndexRun.ReadAsync(cluster, run, cancellationToken));
            }
            catch (DamagedObjectException damage) when (damage.Kind == DamageKind.Missing)
            {
                // The collection has merged it away since it was listed; its packs are asked themselves.
            }
            catch (DamagedObjectException damage)
            {
                Damage.Add(damage);
            }
        }

        // What was stored anew, since an earlier copy is damaged, must be found before that copy.
        var listed = new HashSet<Id128>();
        foreach (var record in runs.OrderByDescending(run => run.Created).SelectMany(run => run.Packs))
        {
            Take(record, listed);
        }

        return listed;
    }

    private void Take(PackRecord record, HashSet<Id128> listed)
    {
        if (_without?.Contains(record.Id) == true)
        {
            return;
        }

        var size = Packs.GetValueOrDefault(record.Id);
        Packs.TryAdd(record.Id, null);
        if (size is null)
        {
            listed.Add(record.Id);
            foreach (var frame in record.Frames)
            {
                _lost.TryAdd(frame.Id, record.Id);
            }
        }
        else if (size == record.Size && listed.Add(record.Id))
        {
            Add(record);
        }
    }

    private void Add(PackRecord pack)
    {
        foreach (var frame in pack.Frames)
        {
            if (!_frames.TryAdd(frame.Id, new FrameLocation(pack.Id, frame)))
            {
                AddCopy(new FrameLocation(pack.Id, frame));
                continue;
            }

            var reference = new FrameReference(frame.Id);
            for (var slot = 0; slot < frame.Slots.Length; slot++)
            {
                if (frame.Slots[slot].Kind == SlotKind.Extent)
                {
                    _extents.TryAdd(frame.Slots[slot].Id, (reference, slot));
                }
            }
        }
    }

    private void AddCopy(FrameLocation copy)
    {
        if (!_copies.TryGetValue(copy.Frame.Id, out var copies))
        {
            _copies[copy.Frame.Id] = copies = [];
        }

        copies.Add(copy);
    }
}
