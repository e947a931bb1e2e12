using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Cli.Stores;

/// <summary>A lineage that the user names by the beginning of its id.</summary>
internal static class LineageChoice
{
    /// <summary>Null when nothing was given.</summary>
    /// <param name="beginning">Of its id.</param>
    /// <exception cref="LifeboatException">NotFound: none begins so; Usage: several do.</exception>
    public static async Task<Id128?> FindAsync(
        Cluster cluster, string? beginning, CancellationToken cancellationToken)
    {
        if (beginning is null)
        {
            return null;
        }

        var all = await LineageCatalog.ListAsync(cluster, cancellationToken);
        var fitting = all.Where(known => known.Id.ToString().StartsWith(beginning, StringComparison.Ordinal)).ToList();
        return fitting.Count == 1
            ? fitting[0].Id
            : throw new LifeboatException(new Failure(
                fitting.Count == 0 ? ErrorCode.NotFound : ErrorCode.Usage,
                "find the lineage",
                beginning,
                $"{fitting.Count} lineages of cluster {cluster.Name} begin like this",
                Hint: "There are: " + string.Join(", ", all.Select(known => known.Id)) + "."));
    }
}
