using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Backups;

/// <summary>The objects below the backups of a cluster, sorted by their names. Other names are foreign: nothing reads
/// them.</summary>
internal sealed record BackupNames(
    IReadOnlyList<(Id128 Lineage, ObjectName Name)> Manifests,
    IReadOnlyList<(Id128 Lineage, ObjectName Name)> Tombstones,
    IReadOnlyList<(uint Serial, ObjectName Name)> Marks,
    IReadOnlySet<ObjectName> Completions)
{
    /// <summary>Whether a backup exists as far as its own objects tell: it is no unfinished one.</summary>
    internal bool IsComplete(Cluster cluster, BackupManifest manifest) => manifest.Lease is null
        || Completions.Contains(ObjectNames.Completion(cluster.Name, manifest.Lineage, manifest.Id));

    internal bool HasCompletion(ObjectName manifest) =>
        Completions.Contains(new ObjectName($"{BackupCatalog.Folder(manifest)}/complete"));

    internal static async ValueTask<BackupNames> ListAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var manifests = new List<(Id128 Lineage, ObjectName Name)>();
        var tombstones = new List<(Id128 Lineage, ObjectName Name)>();
        var marks = new List<(uint Serial, ObjectName Name)>();
        var completions = new HashSet<ObjectName>();
        foreach (var child in await cluster.Store.ListChildrenAsync(
            ObjectNames.Lineages(cluster.Name), cancellationToken))
        {
            if (!child.EndsWith('/') || !Id128.TryParse(child.AsSpan(0, child.Length - 1), out var lineage))
            {
                continue;
            }

            var folder = ObjectNames.Backups(cluster.Name, lineage);
            await foreach (var facts in cluster.Store.ListAsync(folder, cancellationToken))
            {
                switch (facts.Name.Value[folder.Length..].Split('/'))
                {
                    case [var backup, "manifest"] when BackupId.IsValid(backup):
                        manifests.Add((lineage, facts.Name));
                        break;
                    case [var backup, "tombstone"] when BackupId.IsValid(backup):
                        tombstones.Add((lineage, facts.Name));
                        break;
                    case [var backup, "complete"] when BackupId.IsValid(backup):
                        completions.Add(facts.Name);
                        break;
                    case [var backup, "marks", var mark]
                        when BackupId.IsValid(backup) && BackupMarks.TryParse(mark, out var serial):
                        marks.Add((serial, facts.Name));
                        break;
                    default:
                        break;
                }
            }
        }

        return new BackupNames(manifests, tombstones, marks, completions);
    }
}
