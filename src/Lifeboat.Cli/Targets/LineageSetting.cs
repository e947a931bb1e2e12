using Lifeboat.Cli.Options;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Cli.Targets;

/// <summary>The option that names one of the cluster's histories.</summary>
internal static class LineageSetting
{
    public static readonly Setting Lineage = new(
        "lineage", "ID", "The history to read, by the beginning of its id (list shows them); without it, that of the "
        + "server for which the cluster was made");

    public static Task<Id128?> ReadAsync(Settings settings, Cluster cluster, CancellationToken cancellationToken) =>
        FindAsync(cluster, settings.Text(Lineage), cancellationToken);

    /// <summary>The lineage whose id begins like this; null when nothing was given.</summary>
    /// <exception cref="LifeboatException">NotFound, or Usage when several begin like this.</exception>
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
