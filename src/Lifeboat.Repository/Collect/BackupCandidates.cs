using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Leases;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Which backups go, with what lies beside their manifests. A backup that has expired goes when its tombstone is old by both
/// clocks; an unfinished one when its lease has ended and it is old. Every other manifest is a root.
/// </summary>
internal sealed class BackupCandidates(
    Cluster cluster, ClusterObjects objects, CollectionClock clock, IReadOnlyList<SeenLease> leases)
{
    internal List<BackupManifest> Roots { get; } = [];

    internal List<string> Doubts { get; } = [];

    /// <summary>By name below the cluster.</summary>
    internal Dictionary<string, CondemnedObject> Found { get; } = new(StringComparer.Ordinal);

    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (lineage, items) in objects.Lineages)
        {
            foreach (var backup in items
                .Where(item => item.Parts is ["backups", var id, _, ..] && BackupId.IsValid(id))
                .GroupBy(item => item.Parts[1], StringComparer.Ordinal))
            {
                await PlaceAsync(
                    lineage, backup.Key, [.. backup.Select(item => item.Facts)], cancellationToken);
            }
        }
    }

    private async ValueTask PlaceAsync(
        Id128 lineage, string id, List<ObjectFacts> items, CancellationToken cancellationToken)
    {
        var (name, stone, complete) = (
            ObjectNames.Manifest(cluster.Name, lineage, id),
            ObjectNames.Tombstone(cluster.Name, lineage, id),
            ObjectNames.Completion(cluster.Name, lineage, id));
        var manifest = await cluster.Store.StatAsync(name, cancellationToken);
        if (manifest is null)
        {
            AddRemains(items.Where(item => item.Name != name));
            return;
        }

        if (await cluster.Store.StatAsync(stone, cancellationToken) is { } tombstone
            && await HasExpiredAsync(stone, tombstone, cancellationToken))
        {
            Add(manifest, "the backup has expired");
            return;
        }

        try
        {
            var read = await BackupCatalog.ReadAsync(cluster, name, cancellationToken);
            if (read.Lease is { } lease && clock.IsOlder(manifest.LastModified, CollectionMargins.Orphans)
                && !leases.Any(seen => seen.Id == lease && clock.Lives(seen))
                && await cluster.Store.StatAsync(complete, cancellationToken) is null)
            {
                Add(manifest, "the backup was never completed, and its writer has gone");
                return;
            }

            Roots.Add(read);
        }
        catch (DamagedObjectException damage)
        {
            Doubts.Add($"{damage.Name}: {damage.Detail}");
        }
    }

    /// <summary>A tombstone that does not open expires nothing; whether it is a doubt, the manifest tells.</summary>
    private async ValueTask<bool> HasExpiredAsync(
        ObjectName name, ObjectFacts facts, CancellationToken cancellationToken)
    {
        try
        {
            var record = await BackupCatalog.ReadTombstoneAsync(cluster, name, cancellationToken);
            return clock.IsOlder(facts.LastModified, record.ExpiredAt, CollectionMargins.Tombstones);
        }
        catch (DamagedObjectException damage)
        {
            Doubts.Add($"{damage.Name}: {damage.Detail}");
            return false;
        }
    }

    /// <summary>
    /// Tombstone, completion and marks go by a later list than their manifest: no listing that lags may show a manifest
    /// without its tombstone.
    /// </summary>
    private void AddRemains(IEnumerable<ObjectFacts> items)
    {
        foreach (var item in items.Where(item => clock.IsOlder(item.LastModified, CollectionMargins.Orphans)))
        {
            Add(item, "the backup is gone");
        }
    }

    private void Add(ObjectFacts facts, string why)
    {
        var name = objects.RelativeName(facts.Name);
        Found[name] = new CondemnedObject(name, facts.Size, why);
    }

    /// <summary>Whether a backup that stays needs a segment: asked apart from what retention decided.</summary>
    internal bool NeedsWal(Id128 lineage, Timeline timeline, ulong number) => Roots.Exists(root =>
    {
        var size = new WalSegmentSize(root.Server.WalSegmentSize);
        return root.Lineage == lineage && root.Timeline == timeline && number >= size.SegmentOf(root.StartLsn)
            && number <= WalSegmentName.OfEnd(root.Timeline, root.StopLsn, size).Number;
    });
}
