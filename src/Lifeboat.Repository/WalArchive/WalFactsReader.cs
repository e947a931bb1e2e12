using System.Collections.Concurrent;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The facts of archived WAL files: of many segments at once from a catalog, where one is there that speaks of this
/// very object, else from the object. Catalogs are listed once, when the first segment of a lineage is asked for. All
/// members may be called at the same time.
/// </summary>
public sealed class WalFactsReader(Cluster cluster)
{
    private readonly ConcurrentDictionary<Id128, Lazy<Task<LineageCatalogs?>>> _lineages = new();
    private readonly ConcurrentDictionary<WalCatalogObject, Lazy<Task<IReadOnlyList<WalFacts>?>>> _facts = new();
    private int _fromCatalogs;
    private int _fromObjects;

    public Cluster Cluster => cluster;

    /// <summary>Answers that came from catalogs.</summary>
    public int FromCatalogs => _fromCatalogs;

    /// <summary>Answers that came from the files' own objects.</summary>
    public int FromObjects => _fromObjects;

    /// <exception cref="Platform.Errors.LifeboatException">The object is damaged, or an error of the store.</exception>
    public async ValueTask<WalFacts> ReadAsync(WalObject item, CancellationToken cancellationToken)
    {
        if (WalFileName.IsSegment(item.File) && await FindAsync(item, cancellationToken) is { } known)
        {
            Interlocked.Increment(ref _fromCatalogs);
            return known;
        }

        Interlocked.Increment(ref _fromObjects);
        return await WalStore.ReadFactsAsync(cluster, item, cancellationToken);
    }

    private async ValueTask<WalFacts?> FindAsync(WalObject item, CancellationToken cancellationToken)
    {
        var catalogs = await _lineages.GetOrAdd(
            item.Lineage, lineage => new(() => ListAsync(lineage, cancellationToken))).Value;
        if (catalogs is null || !WalSegmentName.TryParse(item.File, catalogs.Size, out var segment))
        {
            return null;
        }

        foreach (var catalog in catalogs.ByFirst[WalCatalog.FirstOf(segment).ToString()])
        {
            var facts = await _facts.GetOrAdd(
                catalog, wanted => new(() => ReadAsync(wanted, cancellationToken))).Value;
            var known = facts?[(int)(segment.Number % WalCatalog.Segments)];
            if (known?.Tag == item.Tag && known.File == item.File)
            {
                return known;
            }
        }

        return null;
    }

    private async Task<LineageCatalogs?> ListAsync(Id128 lineage, CancellationToken cancellationToken)
    {
        var catalogs = await WalCatalog.ListAsync(cluster, lineage, cancellationToken);
        return catalogs.Count > 0
            && await LineageCatalog.TryReadAsync(cluster, lineage, cancellationToken) is { } record
            && WalSegmentSize.IsValid(record.SegmentSize)
                ? new LineageCatalogs(
                    new WalSegmentSize(record.SegmentSize),
                    catalogs.ToLookup(catalog => catalog.First, StringComparer.Ordinal))
                : null;
    }

    /// <summary>Null for a catalog that is damaged: then the objects themselves are asked.</summary>
    private async Task<IReadOnlyList<WalFacts>?> ReadAsync(
        WalCatalogObject catalog, CancellationToken cancellationToken)
    {
        try
        {
            return await WalCatalog.ReadFactsAsync(cluster, catalog, cancellationToken);
        }
        catch (DamagedObjectException)
        {
            return null;
        }
    }

    private sealed record LineageCatalogs(WalSegmentSize Size, ILookup<string, WalCatalogObject> ByFirst);
}
