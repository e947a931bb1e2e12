using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>What WAL of a lineage has expired (docs/format/wal-archive-v0.md, <i>Expiry</i>).</summary>
public static class WalTombstones
{
    /// <summary>
    /// All that has expired in a lineage. A tombstone that does not open as one of this lineage expires nothing, and is
    /// among the damage.
    /// </summary>
    public static async ValueTask<(ExpiredWal Expired, IReadOnlyList<DamagedObjectException> Damage)> ReadAsync(
        Cluster cluster, Id128 lineage, CancellationToken cancellationToken)
    {
        var ranges = new List<WalTombstoneRange>();
        var damage = new List<DamagedObjectException>();
        await foreach (var facts in cluster.Store.ListAsync(
            ObjectNames.WalTombstones(cluster.Name, lineage), cancellationToken))
        {
            if (!Id128.TryParse(facts.Name.LastPart, out _))
            {
                continue;
            }

            try
            {
                ranges.AddRange((await ReadAsync(cluster, lineage, facts.Name, cancellationToken)).Ranges);
            }
            catch (DamagedObjectException damaged)
            {
                damage.Add(damaged);
            }
        }

        return (ranges.Count == 0 ? ExpiredWal.None : new ExpiredWal(ranges), damage);
    }

    /// <summary>Expires WAL; what is named may be collected from then on.</summary>
    /// <returns>The tombstone's name, by which it can be withdrawn as long as nothing was collected.</returns>
    public static async ValueTask<ObjectName> PutAsync(
        Cluster cluster, WalTombstoneRecord record, CancellationToken cancellationToken)
    {
        var name = ObjectNames.WalTombstone(cluster.Name, record.Lineage, Id128.NewRandom());
        await Documents.PutAsync(
            cluster.Store,
            name,
            ContainerKind.WalTombstone,
            cluster.DataKey,
            RepositoryJson.Default.WalTombstoneRecord,
            record,
            cluster.Time.GetUtcNow(),
            cancellationToken);
        return name;
    }

    internal static async ValueTask<WalTombstoneRecord> ReadAsync(
        Cluster cluster, Id128 lineage, ObjectName name, CancellationToken cancellationToken)
    {
        var record = await Documents.ReadAsync(
            cluster.Store,
            name,
            ContainerKind.WalTombstone,
            cluster.DataKey,
            RepositoryJson.Default.WalTombstoneRecord,
            cancellationToken);
        return record.Lineage == lineage
            ? record
            : throw new DamagedObjectException(
                name, DamageKind.Inconsistent, $"it is a tombstone of lineage {record.Lineage}");
    }
}
