using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Which backups go, with what lies beside their manifests. A backup that has expired goes when its tombstone is old by both
/// clocks; an unfinished one when its lease has ended and it is old. Every other manifest is a root.
/// </summary>
internal sealed class BackupCandidates(Cluster cluster, ClusterObjects objects, CollectionTimes times)
{
    private const int MostAtOnce = 16;

    private readonly Lock _lock = new();
    private bool _anyStays;

    /// <summary>What is needed of each backup that is not certain to go.</summary>
    internal List<CollectionRoot> Roots { get; } = [];

    internal List<string> Doubts { get; } = [];

    /// <summary>Backups that have expired and wait, and until when by this machine's clock.</summary>
    internal List<(string Backup, DateTimeOffset Until)> Waiting { get; } = [];

    /// <summary>By name below the cluster.</summary>
    internal Dictionary<string, CondemnedObject> Found { get; } = new(StringComparer.Ordinal);

    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var backups = new List<(Id128 Lineage, string Id, List<ObjectFacts> Items)>();
        foreach (var (lineage, items) in objects.Lineages)
        {
            foreach (var backup in items.Where(item => item.Parts is ["backups", _, ..])
                .GroupBy(item => item.Parts[1], StringComparer.Ordinal))
            {
                if (BackupId.IsValid(backup.Key))
                {
                    backups.Add((lineage, backup.Key, [.. backup.Select(item => item.Facts)]));
                }
                else
                {
                    Doubts.Add($"{backup.First().Facts.Name}: it may be a backup that this version does not know");
                }
            }
        }

        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForEachAsync(
            backups, options, (backup, stopping) => PlaceAsync(backup.Lineage, backup.Id, backup.Items, stopping));
        if (!_anyStays && Found.Values.Any(item => item.IsManifest))
        {
            Doubts.Add("every backup of this cluster has expired: the last ones are never removed");
        }
    }

    /// <summary>Whether a backup that stays needs a segment: asked apart from what retention decided.</summary>
    internal bool NeedsWal(Id128 lineage, Timeline timeline, ulong number) => Roots.Exists(root =>
        root.Lineage == lineage && root.Timeline == timeline && number >= root.FirstSegment && number <= root.LastSegment);

    private async ValueTask PlaceAsync(
        Id128 lineage, string id, List<ObjectFacts> items, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Manifest(cluster.Name, lineage, id);
        var manifest = items.Find(item => item.Name == name);
        if (manifest is null)
        {
            // Asked for by name: a listing that lags may not show it yet.
            if (await cluster.Store.StatAsync(name, cancellationToken) is null)
            {
                AddRemains(items);
                return;
            }
        }
        else if (await HasExpiredAsync(id, items, ObjectNames.Tombstone(cluster.Name, lineage, id), cancellationToken))
        {
            Add(manifest, "the backup has expired");
            return;
        }

        try
        {
            var read = await BackupCatalog.ReadAsync(cluster, name, cancellationToken);
            var complete = ObjectNames.Completion(cluster.Name, lineage, id);
            var isComplete = read.Lease is null || items.Exists(item => item.Name == complete);
            if (manifest is not null && !isComplete && read.Lease is { } lease && times.IsOrphan(manifest)
                && !times.Lives(lease) && await cluster.Store.StatAsync(complete, cancellationToken) is null)
            {
                Add(manifest, "the backup was never completed, and its writer has gone");
                return;
            }

            lock (_lock)
            {
                Roots.Add(CollectionRoot.Of(read));
                _anyStays |= isComplete;
            }
        }
        catch (DamagedObjectException damage)
        {
            Doubt(damage);
        }
    }

    /// <summary>A tombstone that does not open expires nothing, and is a doubt.</summary>
    private async ValueTask<bool> HasExpiredAsync(
        string backup, List<ObjectFacts> items, ObjectName stone, CancellationToken cancellationToken)
    {
        if (items.Find(item => item.Name == stone) is not { } facts)
        {
            return false;
        }

        try
        {
            var record = await BackupCatalog.ReadTombstoneAsync(cluster, stone, cancellationToken);
            if (times.Clock.IsOlder(facts.LastModified, record.ExpiredAt, times.Margins.Tombstones)
                && !times.MayBeReliedOn(facts))
            {
                return true;
            }

            lock (_lock)
            {
                Waiting.Add((
                    backup, times.Clock.OldAt(facts.LastModified, record.ExpiredAt, times.Margins.Tombstones)));
            }
        }
        catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
        {
            // Taken back since it was listed.
        }
        catch (DamagedObjectException damage)
        {
            Doubt(damage);
        }

        return false;
    }

    /// <summary>
    /// Tombstone, completion and marks go by a later list than their manifest: no listing that lags may show a manifest
    /// without its tombstone.
    /// </summary>
    private void AddRemains(IEnumerable<ObjectFacts> items)
    {
        foreach (var item in items.Where(times.IsOrphan))
        {
            Add(item, "the backup is gone");
        }
    }

    private void Add(ObjectFacts facts, string why)
    {
        var name = objects.RelativeName(facts.Name);
        lock (_lock)
        {
            Found[name] = new CondemnedObject(name, facts.Size, why);
        }
    }

    private void Doubt(DamagedObjectException damage)
    {
        lock (_lock)
        {
            Doubts.Add($"{damage.Name}: {damage.Detail}");
        }
    }
}

/// <summary>What a backup that stays needs; its manifest may be large, and there are many.</summary>
internal sealed record CollectionRoot(
    Id128[] MapRuns, Id128 Lineage, Timeline Timeline, ulong FirstSegment, ulong LastSegment)
{
    internal static CollectionRoot Of(BackupManifest manifest)
    {
        var size = new WalSegmentSize(manifest.Server.WalSegmentSize);
        return new CollectionRoot(
            manifest.MapRuns,
            manifest.Lineage,
            manifest.Timeline,
            size.SegmentOf(manifest.StartLsn),
            WalSegmentName.OfEnd(manifest.Timeline, manifest.StopLsn, size).Number);
    }
}
