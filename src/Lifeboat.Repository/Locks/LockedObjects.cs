using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Locks;

/// <summary>
/// What of a locked repository is to stay locked: everything but what is condemned and for certain needed by nobody. So nothing
/// that a backup could still take up lacks a lock, and no map has to be read to know what is needed.
/// </summary>
internal static class LockedObjects
{
    /// <summary>The objects of a cluster, and those that all clusters need, each by its oldest version.</summary>
    internal static async IAsyncEnumerable<ObjectFacts> ListAsync(
        Cluster cluster, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var root = ObjectNames.ClusterRoot(cluster.Name);
        var going = (await CondemnedLists.LoadAsync(cluster, cancellationToken)).Lists
            .SelectMany(list => list.Going).ToHashSet(StringComparer.Ordinal);
        foreach (var prefix in (string[])[ObjectNames.Repository.Value, ObjectNames.Keys, root])
        {
            await foreach (var facts in cluster.Store.ListAsync(prefix, cancellationToken))
            {
                var relative = prefix == root ? facts.Name.Value[root.Length..] : "";
                if (LockedNames.Covers(facts.Name) && facts.Version is not null && !going.Contains(relative)
                    && !relative.StartsWith("renewals/", StringComparison.Ordinal))
                {
                    yield return facts;
                }
            }
        }
    }
}
