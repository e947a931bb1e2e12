using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>Everything that is stored below a cluster, as one listing tells it. Foreign names are never touched.</summary>
internal sealed class ClusterObjects
{
    private readonly string _root;

    private ClusterObjects(string root) => _root = root;

    internal Dictionary<Id128, ObjectFacts> Packs { get; } = [];

    internal Dictionary<Id128, ObjectFacts> Maps { get; } = [];

    internal Dictionary<Id128, ObjectFacts> Index { get; } = [];

    /// <summary>What lies below each lineage, by the parts of the name there.</summary>
    internal SortedDictionary<Id128, List<(string[] Parts, ObjectFacts Facts)>> Lineages { get; } = [];

    internal string RelativeName(ObjectName name) => name.Value[_root.Length..];

    internal static async ValueTask<ClusterObjects> ListAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var objects = new ClusterObjects(ObjectNames.ClusterRoot(cluster.Name));
        await foreach (var facts in cluster.Store.ListAsync(objects._root, cancellationToken))
        {
            switch (objects.RelativeName(facts.Name).Split('/'))
            {
                case ["packs", var text] when Id128.TryParse(text, out var id):
                    objects.Packs[id] = facts;
                    break;
                case ["maps", var text] when Id128.TryParse(text, out var id):
                    objects.Maps[id] = facts;
                    break;
                case ["index", var text] when Id128.TryParse(text, out var id):
                    objects.Index[id] = facts;
                    break;
                case ["lineages", var text, .. var rest] when rest.Length > 0 && Id128.TryParse(text, out var lineage):
                    if (!objects.Lineages.TryGetValue(lineage, out var list))
                    {
                        objects.Lineages[lineage] = list = [];
                    }

                    list.Add((rest, facts));
                    break;
                default:
                    break;
            }
        }

        return objects;
    }
}
