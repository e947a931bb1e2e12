using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>The map runs of a cluster, by their names.</summary>
public static class MapRuns
{
    /// <summary>Whether this is the name of one.</summary>
    public static bool Owns(Cluster cluster, Storage.ObjectName name) =>
        name.Value.StartsWith(ObjectNames.Maps(cluster.Name), StringComparison.Ordinal);

    public static async ValueTask<IReadOnlySet<Id128>> ListAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var runs = new HashSet<Id128>();
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.Maps(cluster.Name), cancellationToken))
        {
            if (Id128.TryParse(facts.Name.LastPart, out var run))
            {
                runs.Add(run);
            }
        }

        return runs;
    }
}
