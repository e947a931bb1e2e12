using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>What a roll of catalogs did.</summary>
/// <param name="Written">Catalogs that were written.</param>
/// <param name="Kept">Catalogs that were there.</param>
/// <param name="Skipped">
/// First segments of catalogs that were not written, and why: a segment in them is damaged.
/// </param>
public sealed record WalCatalogRollReport(int Written, int Kept, IReadOnlyList<(string First, string Why)> Skipped);

/// <summary>Writes the catalogs that are lacking: of every 256 segments that are all archived.</summary>
public static class WalCatalogRoll
{
    private const int ReadAhead = 8;

    /// <summary>
    /// May be called by several at a time, and be cancelled at any moment: a catalog is there as a whole or not at all.
    /// </summary>
    /// <param name="verify">
    /// Compare catalogs that are there with the listing, and replace those that are damaged or disagree; else their
    /// names count.
    /// </param>
    /// <param name="most">Catalogs to write at most, the oldest first: what is left is for the next call.</param>
    /// <exception cref="LifeboatException">
    /// Errors of the store. Damage of a segment is reported, not thrown.
    /// </exception>
    public static async ValueTask<WalCatalogRollReport> RollCatalogsAsync(
        Cluster cluster,
        Id128 lineage,
        CancellationToken cancellationToken,
        bool verify = false,
        int most = int.MaxValue)
    {
        if (await LineageCatalog.TryReadAsync(cluster, lineage, cancellationToken) is not { } record)
        {
            return new WalCatalogRollReport(0, 0, []);
        }

        var present = (await WalCatalog.ListAsync(cluster, lineage, cancellationToken))
            .ToLookup(catalog => catalog.First, StringComparer.Ordinal);
        var (written, kept) = (0, 0);
        var skipped = new List<(string First, string Why)>();
        foreach (var (first, items) in await CompleteAsync(
            cluster, lineage, new WalSegmentSize(record.SegmentSize), cancellationToken))
        {
            if (written == most)
            {
                break;
            }

            var there = present[first.ToString()].ToList();
            if (there.Count > 0 && (!verify || await AgreesAsync(cluster, there, items, cancellationToken)))
            {
                kept++;
                continue;
            }

            try
            {
                await WriteAsync(cluster, lineage, first, items, cancellationToken);
                written++;
            }
            catch (DamagedObjectException damaged)
            {
                skipped.Add((first.ToString(), damaged.Message));
            }
        }

        return new WalCatalogRollReport(written, kept, skipped);
    }

    /// <summary>The 256s of which every segment is archived with one content.</summary>
    private static async ValueTask<IReadOnlyList<(WalSegmentName First, WalObject[] Items)>> CompleteAsync(
        Cluster cluster, Id128 lineage, WalSegmentSize size, CancellationToken cancellationToken)
    {
        var all = new SortedDictionary<string, WalObject?[]>(StringComparer.Ordinal);
        var conflicts = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var item in WalStore.ListAsync(cluster, lineage, cancellationToken))
        {
            if (!WalFileName.IsSegment(item.File) || !WalSegmentName.TryParse(item.File, size, out var segment))
            {
                continue;
            }

            var first = WalCatalog.FirstOf(segment).ToString();
            if (!all.TryGetValue(first, out var items))
            {
                all[first] = items = new WalObject?[WalCatalog.Segments];
            }

            ref var place = ref items[segment.Number % WalCatalog.Segments];
            if (place is not null)
            {
                conflicts.Add(first);
            }

            place = item;
        }

        var complete = new List<(WalSegmentName First, WalObject[] Items)>();
        foreach (var (first, items) in all)
        {
            var archived = items.OfType<WalObject>().ToArray();
            if (!conflicts.Contains(first) && archived.Length == WalCatalog.Segments
                && WalSegmentName.TryParse(first, size, out var name))
            {
                complete.Add((name, archived));
            }
        }

        return complete;
    }

    private static async ValueTask<bool> AgreesAsync(
        Cluster cluster,
        IReadOnlyList<WalCatalogObject> there,
        WalObject[] items,
        CancellationToken cancellationToken)
    {
        foreach (var catalog in there)
        {
            try
            {
                var (facts, _) = await WalCatalog.ReadAsync(cluster, catalog, cancellationToken);
                if (facts.Zip(items).All(pair => pair.First.Tag == pair.Second.Tag))
                {
                    return true;
                }
            }
            catch (DamagedObjectException)
            {
                // Another one is written beside it, or in its place.
            }
        }

        return false;
    }

    private static async ValueTask WriteAsync(
        Cluster cluster,
        Id128 lineage,
        WalSegmentName first,
        WalObject[] items,
        CancellationToken cancellationToken)
    {
        var summaries = new SegmentSummaries(cluster);
        var facts = new WalFacts[items.Length];
        var reading = new Queue<Task<WalRunSummary>>();
        var joining = new WalRunJoining(
            (segment, token) => summaries.ReadContentAsync(items[segment.Number - first.Number], first.Size, token));
        for (var next = 0; next < items.Length || reading.Count > 0;)
        {
            for (; next < items.Length && reading.Count < ReadAhead; next++)
            {
                reading.Enqueue(ReadAsync(next));
            }

            await joining.AppendAsync(await reading.Dequeue(), cancellationToken);
        }

        // Where they do not fit to each other each speaks for itself, so that whoever needs them finds the fault.
        var whole = joining.Fault is null ? joining.ToSummary() : null;
        ReadOnlyMemory<byte> blocks = whole is { Break: null } ? WalSummaryCodec.Encode(whole) : default;
        await WalCatalog.PutAsync(
            cluster,
            lineage,
            facts,
            blocks.Length <= WalSummaryCodec.MostStored ? blocks : default,
            cancellationToken);

        async Task<WalRunSummary> ReadAsync(int index)
        {
            var segment = first with { Number = first.Number + (ulong)index };
            (facts[index], var run) = await summaries.ReadAsync(items[index], segment, cancellationToken);
            return run;
        }
    }
}
