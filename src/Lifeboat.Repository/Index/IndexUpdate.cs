using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>
/// Lists packs in a new index run, into which the newest of the older runs go too as <see cref="RunCounter"/> says.
/// Memory: what is listed anew, the packs of the runs, and the filter (10 bits for each frame and extent).
/// </summary>
internal static class IndexUpdate
{
    /// <summary>Writes a run; null when there is nothing to list.</summary>
    internal static async ValueTask<Id128?> WriteAsync(
        Cluster cluster, IReadOnlyCollection<PackRecord> packs, CancellationToken cancellationToken)
    {
        if (packs.Count == 0)
        {
            return null;
        }

        using var runs = await IndexRuns.OpenAsync(cluster, new BlockCache(0), cancellationToken);
        var (taken, weight) = RunCounter.Choose([.. runs.Live.Select(run => run.Weight)]);
        IndexRun[] merged = [.. runs.Live.TakeLast(taken)];
        return await WriteAsync(cluster, packs, merged, weight, cancellationToken);
    }

    /// <summary>Writes one run in place of all that count, without the packs that are gone.</summary>
    internal static async ValueTask<Id128?> CompactAsync(
        Cluster cluster, Func<Id128, bool> isThere, CancellationToken cancellationToken)
    {
        using var runs = await IndexRuns.OpenAsync(cluster, new BlockCache(0), cancellationToken);
        if (runs.Damage.Count > 0 || runs.Live.Count == 0)
        {
            return null;
        }

        var weight = (int)Math.Min(int.MaxValue, runs.Live.Sum(run => (long)run.Weight));
        return await WriteAsync(cluster, [], [.. runs.Live], Math.Max(1, weight), cancellationToken, isThere);
    }

    /// <summary>Tells new facts of packs (storage class, lock, condemned) without listing their frames again.</summary>
    internal static async ValueTask<Id128> WriteFactsAsync(
        Cluster cluster, IEnumerable<IndexedPack> packs, CancellationToken cancellationToken)
    {
        await using var writer = await IndexRunWriter.CreateAsync(cluster, mostIds: 0, cancellationToken);
        await writer.WritePacksAsync(
            packs.Select(pack => pack with { Frames = 0 }).OrderBy(pack => pack.Id), cancellationToken);
        await writer.CompleteAsync(weight: 0, [], cancellationToken);
        return writer.Id;
    }

    private static async ValueTask<Id128> WriteAsync(
        Cluster cluster,
        IReadOnlyCollection<PackRecord> packs,
        IndexRun[] merged,
        int weight,
        CancellationToken cancellationToken,
        Func<Id128, bool>? isThere = null)
    {
        // The frames of a pack are taken from one run only, the newest that lists them; here from the pack itself.
        var places = new Dictionary<Id128, (IndexedPack Facts, int From)>();
        for (var run = 0; run < merged.Length; run++)
        {
            foreach (var pack in merged[run].Packs.Where(pack => isThere?.Invoke(pack.Id) != false))
            {
                var known = places.GetValueOrDefault(pack.Id);
                places[pack.Id] = pack.Frames == 0 && known.Facts is not null
                    ? (pack with { Frames = known.Facts.Frames }, known.From)
                    : (pack, run);
            }
        }

        foreach (var pack in packs)
        {
            places[pack.Id] = (
                new IndexedPack(pack.Id, pack.Size, pack.CreatedUs, 0, 0, IsCondemned: false, pack.Frames.Length), -1);
        }

        var order = places.Values.OrderBy(place => place.Facts.Id).Select(place => place.Facts).ToList();
        var placeOf = order.Index().ToDictionary(pack => pack.Item.Id, pack => pack.Index);
        int[] Places(int from) =>
            [.. merged[from].Packs.Select(
                pack => places.TryGetValue(pack.Id, out var place) && place.From == from ? placeOf[pack.Id] : -1)];
        var maps = merged.Select((_, from) => Places(from)).ToArray();
        var ids = packs.Sum(pack => pack.Frames.Sum(frame => 1L + frame.Slots.Length)) + merged.Sum(run => run.Ids);
        await using var writer = await IndexRunWriter.CreateAsync(cluster, ids, cancellationToken);
        await writer.WritePacksAsync(order, cancellationToken);
        await writer.WriteFramesAsync(
            MergeAsync(
                [.. merged.Select((run, from) => Mapped(run.ReadFramesAsync(cancellationToken), maps[from])), Fresh(Frames(packs, placeOf))],
                IndexedFrame.Compare),
            cancellationToken);
        await writer.WriteExtentsAsync(
            MergeAsync(
                [.. merged.Select((run, from) => Mapped(run.ReadExtentsAsync(cancellationToken), maps[from])), Fresh(Extents(packs, placeOf))],
                IndexedExtent.Compare),
            cancellationToken);
        await writer.CompleteAsync(weight, [.. merged.Select(run => run.Id)], cancellationToken);
        return writer.Id;
    }

    private static List<IndexedFrame> Frames(IReadOnlyCollection<PackRecord> packs, Dictionary<Id128, int> places)
    {
        var frames = packs.SelectMany(pack => pack.Frames.Select(frame => new IndexedFrame(places[pack.Id], frame))).ToList();
        frames.Sort(IndexedFrame.Compare);
        return frames;
    }

    private static List<IndexedExtent> Extents(IReadOnlyCollection<PackRecord> packs, Dictionary<Id128, int> places)
    {
        var extents = new List<IndexedExtent>();
        foreach (var pack in packs)
        {
            foreach (var frame in pack.Frames)
            {
                for (var slot = 0; slot < frame.Slots.Length; slot++)
                {
                    if (frame.Slots[slot].Kind == SlotKind.Extent)
                    {
                        extents.Add(new IndexedExtent(frame.Slots[slot].Id, places[pack.Id], frame.Number, slot));
                    }
                }
            }
        }

        extents.Sort(IndexedExtent.Compare);
        return extents;
    }

    private static async IAsyncEnumerable<T> Fresh<T>(List<T> entries)
    {
        await ValueTask.CompletedTask;
        foreach (var entry in entries)
        {
            yield return entry;
        }
    }

    /// <summary>The same frames with the places of the new run; places ascend in both, so that order stays.</summary>
    private static async IAsyncEnumerable<IndexedFrame> Mapped(IAsyncEnumerable<IndexedFrame> frames, int[] places)
    {
        await foreach (var frame in frames)
        {
            if (places[frame.Pack] >= 0)
            {
                yield return frame with { Pack = places[frame.Pack] };
            }
        }
    }

    private static async IAsyncEnumerable<IndexedExtent> Mapped(IAsyncEnumerable<IndexedExtent> extents, int[] places)
    {
        await foreach (var extent in extents)
        {
            if (places[extent.Pack] >= 0)
            {
                yield return extent with { Pack = places[extent.Pack] };
            }
        }
    }

    private static async IAsyncEnumerable<T> MergeAsync<T>(
        IReadOnlyList<IAsyncEnumerable<T>> sources,
        Comparison<T> compare,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var cursors = sources.Select(source => source.GetAsyncEnumerator(cancellationToken)).ToList();
        try
        {
            for (var at = cursors.Count - 1; at >= 0; at--)
            {
                await StepAsync(cursors, at);
            }

            while (cursors.Count > 0)
            {
                var least = 0;
                for (var at = 1; at < cursors.Count; at++)
                {
                    least = compare(cursors[at].Current, cursors[least].Current) < 0 ? at : least;
                }

                yield return cursors[least].Current;
                await StepAsync(cursors, least);
            }
        }
        finally
        {
            foreach (var cursor in cursors)
            {
                await cursor.DisposeAsync();
            }
        }
    }

    private static async ValueTask StepAsync<T>(List<IAsyncEnumerator<T>> cursors, int at)
    {
        if (!await cursors[at].MoveNextAsync())
        {
            await cursors[at].DisposeAsync();
            cursors.RemoveAt(at);
        }
    }
}
