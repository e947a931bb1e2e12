using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Compares every entry of every index run with what the packs say of themselves, and makes of runs that list packs which
/// are not there the words with which the backups that suffer can be named.
/// </summary>
internal sealed class IndexCheck(Cluster cluster, StoredCluster stored, PackTable packs, FindingList findings)
{
    /// <summary>Runs that another one, which can be read, makes needless.</summary>
    internal HashSet<Id128> Superseded { get; } = [];

    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, size) in stored.Index)
        {
            var superseded = await findings.TryAsync(async () =>
            {
                using var run = await IndexRun.OpenAsync(cluster, id, size, new BlockCache(0), cancellationToken);
                await CheckAsync(run, cancellationToken);
                return run.Supersedes;
            });
            Superseded.UnionWith(superseded ?? []);
        }
    }

    private async ValueTask CheckAsync(IndexRun run, CancellationToken cancellationToken)
    {
        var states = run.Packs.Select(StateOf).ToArray();
        var told = run.Packs.Select(_ => new Told()).ToArray();
        for (var at = 0; at < states.Length; at++)
        {
            told[at].IsWrong = states[at].Directory is { } directory
                && (directory.Size != run.Packs[at].Size || directory.CreatedUs != run.Packs[at].CreatedUs
                    || (run.Packs[at].Frames > 0 && directory.Frames.Length != run.Packs[at].Frames));
        }

        await foreach (var (place, frame) in run.ReadFramesAsync(cancellationToken))
        {
            told[place].Frames++;
            told[place].IsWrong |= !await run.MayHoldAsync(frame.Id, cancellationToken)
                || (states[place].Directory is { } directory && !IsOf(directory, frame));
            if (states[place].Directory is null)
            {
                // The index tells what was in it, so that the backups that suffer can be named.
                packs.Add(states[place], [frame]);
            }
        }

        await foreach (var extent in run.ReadExtentsAsync(cancellationToken))
        {
            told[extent.Pack].Extents++;
            told[extent.Pack].IsWrong |= !await run.MayHoldAsync(extent.Id, cancellationToken)
                || (states[extent.Pack].Directory is { } directory && !IsOf(directory, extent));
        }

        for (var at = 0; at < states.Length; at++)
        {
            Judge(run, run.Packs[at], states[at], told[at]);
        }
    }

    private void Judge(IndexRun run, IndexedPack pack, PackState state, Told told)
    {
        var extents = state.Directory?.Frames.Sum(
            frame => frame.Slots.Count(slot => slot.Kind == SlotKind.Extent)) ?? told.Extents;
        if (told.IsWrong || told.Frames != pack.Frames || (pack.Frames > 0 && told.Extents != extents))
        {
            findings.Damage(
                ObjectNames.IndexRun(cluster.Name, run.Id).Value,
                DamageKind.Inconsistent,
                $"it does not say of pack {pack.Id} what the pack says itself");
        }

        if (!stored.Packs.ContainsKey(pack.Id) && state.Faults.Count == 0)
        {
            state.Fault(DamageKind.Missing, "an index run lists it, but there is no such object");
        }
    }

    private PackState StateOf(IndexedPack pack)
    {
        var state = packs.Of(pack.Id, ObjectNames.Pack(cluster.Name, pack.Id));
        state.IsListed |= pack.Frames > 0;
        return state;
    }

    private static bool IsOf(PackRecord pack, PackedFrame listed)
    {
        if (listed.Number >= pack.Frames.Length)
        {
            return false;
        }

        var frame = pack.Frames[listed.Number];
        return frame.Id == listed.Id && frame.Offset == listed.Offset && frame.Length == listed.Length
            && frame.Slots.Length == listed.Slots.Length
            && frame.Slots.Zip(listed.Slots).All(
                pair => pair.First.Kind == pair.Second.Kind && pair.First.Length == pair.Second.Length);
    }

    private static bool IsOf(PackRecord pack, IndexedExtent listed) =>
        listed.Frame < pack.Frames.Length && listed.Slot < pack.Frames[listed.Frame].Slots.Length
        && pack.Frames[listed.Frame].Slots[listed.Slot] is { Kind: SlotKind.Extent } slot && slot.Id == listed.Id;

    /// <summary>What a run told of one pack.</summary>
    private sealed class Told
    {
        internal int Frames { get; set; }

        internal int Extents { get; set; }

        internal bool IsWrong { get; set; }
    }
}
