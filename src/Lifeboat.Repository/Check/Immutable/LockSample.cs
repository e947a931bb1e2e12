using System.Security.Cryptography;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Check.Immutable;

/// <summary>Some objects of each kind, each as likely as any other of its kind.</summary>
internal sealed class LockSample(int most)
{
    private readonly SortedDictionary<string, (int Seen, List<ObjectFacts> Taken)> _kinds = new(StringComparer.Ordinal);

    internal IEnumerable<(string Kind, IReadOnlyList<ObjectFacts> Taken)> Kinds =>
        _kinds.Select(pair => (pair.Key, (IReadOnlyList<ObjectFacts>)pair.Value.Taken));

    internal void Add(ObjectFacts facts)
    {
        var kind = KindOf(facts.Name);
        var (seen, taken) = _kinds.TryGetValue(kind, out var known) ? known : (0, []);
        _kinds[kind] = (++seen, taken);
        if (taken.Count < most)
        {
            taken.Add(facts);
        }
        else if (RandomNumberGenerator.GetInt32(seen) is var place && place < most)
        {
            taken[place] = facts;
        }
    }

    internal static string KindOf(ObjectName name) => name.Value.Split('/') switch
    {
        [_] => "repository",
        ["keys", ..] => "key",
        ["clusters", _, "cluster"] => "cluster",
        ["clusters", _, "packs", ..] => "pack",
        ["clusters", _, "maps", ..] => "map",
        ["clusters", _, "index", ..] => "index",
        ["clusters", _, "lineages", _, "lineage"] => "lineage",
        ["clusters", _, "lineages", _, "backups", _, "manifest"] => "manifest",
        ["clusters", _, "lineages", _, "backups", _, "complete"] => "completion",
        ["clusters", _, "lineages", _, "backups", ..] => "mark",
        ["clusters", _, "lineages", _, var folder, ..] => folder,
        _ => "other",
    };
}
