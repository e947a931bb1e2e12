using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>Everything that is stored below a cluster, as one listing tells it. Foreign names are never touched.</summary>
internal sealed class ClusterObjects
{
    private readonly string _root;
    private readonly Dictionary<string, DateTimeOffset> _names = new(StringComparer.Ordinal);

    private ClusterObjects(string root) => _root = root;

    internal Dictionary<Id128, ObjectFacts> Packs { get; } = [];

    internal Dictionary<Id128, ObjectFacts> Maps { get; } = [];

    internal Dictionary<Id128, ObjectFacts> Index { get; } = [];

    /// <summary>What lies below each lineage, by the parts of the name there.</summary>
    internal SortedDictionary<Id128, List<(string[] Parts, ObjectFacts Facts)>> Lineages { get; } = [];

    /// <summary>Names that may be backups of a kind that this version does not know.</summary>
    internal List<string> Doubts { get; } = [];

    internal string RelativeName(ObjectName name) => name.Value[_root.Length..];

    /// <param name="relative">A name below the cluster.</param>
    internal bool Contains(string relative) => _names.ContainsKey(relative);

    /// <summary>The store's date of an object; null when it is not there.</summary>
    /// <param name="relative">A name below the cluster.</param>
    internal DateTimeOffset? DateOf(string relative) => _names.TryGetValue(relative, out var date) ? date : null;

    internal static async ValueTask<ClusterObjects> ListAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var objects = new ClusterObjects(ObjectNames.ClusterRoot(cluster.Name));
        await foreach (var facts in cluster.Store.ListAsync(objects._root, cancellationToken))
        {
            objects.Add(facts);
        }

        return objects;
    }

    private void Add(ObjectFacts facts)
    {
        var relative = RelativeName(facts.Name);
        _names[relative] = facts.LastModified;
        switch (relative.Split('/'))
        {
            case ["packs", var text] when Id128.TryParse(text, out var id):
                Packs[id] = facts;
                break;
            case ["maps", var text] when Id128.TryParse(text, out var id):
                Maps[id] = facts;
                break;
            case ["index", var text] when Id128.TryParse(text, out var id):
                Index[id] = facts;
                break;
            case ["lineages", var text, .. var rest] when rest.Length > 0 && Id128.TryParse(text, out var lineage):
                if (!Lineages.TryGetValue(lineage, out var list))
                {
                    Lineages[lineage] = list = [];
                }

                list.Add((rest, facts));
                break;
            case [.., "manifest"]:
                Doubts.Add($"{facts.Name}: it may be a backup that this version does not know");
                break;
            default:
                break;
        }
    }
}
