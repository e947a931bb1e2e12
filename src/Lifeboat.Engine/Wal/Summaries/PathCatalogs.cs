using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>The catalogs that can stand for the segments of a path. Used by one caller at a time.</summary>
internal sealed class PathCatalogs(Cluster cluster, PathSegments segments)
{
    private readonly Dictionary<Id128, ILookup<string, WalCatalogObject>> _lists = [];

    /// <summary>Segments for which one stood.</summary>
    internal int Segments { get; private set; }

    /// <summary>Whether a catalog could begin with this segment.</summary>
    internal bool MayStart(ulong number) =>
        number % WalCatalog.Segments == 0
        && segments.Archived(segments.NameOf(number)) is { } item
        && _lists.GetValueOrDefault(item.Lineage)?[item.File].Any() == true;

    /// <summary>
    /// The summary of 256 segments from this one on; null when there is none whose every segment is on the path,
    /// archived with the content that it speaks of, and before <paramref name="to"/> as a whole.
    /// </summary>
    internal async ValueTask<WalRunSummary?> FindAsync(
        WalSegmentName first, Lsn to, CancellationToken cancellationToken)
    {
        if (first.Number % WalCatalog.Segments != 0
            || first.Size.StartOf(first.Number + WalCatalog.Segments) > to
            || segments.NameOf(first.Number + WalCatalog.Segments - 1).Timeline != first.Timeline
            || segments.Archived(first) is not { } item)
        {
            return null;
        }

        if (!_lists.TryGetValue(item.Lineage, out var list))
        {
            _lists[item.Lineage] = list = (await WalCatalog.ListAsync(cluster, item.Lineage, cancellationToken))
                .ToLookup(catalog => catalog.First, StringComparer.Ordinal);
        }

        foreach (var catalog in list[item.File])
        {
            try
            {
                var (facts, run) = await WalCatalog.ReadAsync(cluster, catalog, cancellationToken);
                if (run is { Break: null } && run.First == first && facts.All(IsOnPath))
                {
                    Segments += WalCatalog.Segments;
                    return run;
                }
            }
            catch (DamagedObjectException)
            {
                // The segments speak for themselves.
            }
        }

        return null;

        bool IsOnPath(WalFacts facts) =>
            WalSegmentName.TryParse(facts.File, first.Size, out var name)
            && segments.NameOf(name.Number) == name && segments.Archived(name)?.Tag == facts.Tag;
    }
}
