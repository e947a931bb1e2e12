using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>The lineages of a cluster: who they are, and which server may use them.</summary>
public static class LineageCatalog
{
    /// <summary>All lineages that have a record, the first lineage in front.</summary>
    public static async ValueTask<IReadOnlyList<LineageRecord>> ListAsync(
        Cluster cluster, CancellationToken cancellationToken)
    {
        var lineages = new List<LineageRecord>();
        foreach (var child in await cluster.Store.ListChildrenAsync(
            ObjectNames.Lineages(cluster.Name), cancellationToken))
        {
            if (child.EndsWith('/') && Id128.TryParse(child.AsSpan(0, child.Length - 1), out var id)
                && await TryReadAsync(cluster, id, cancellationToken) is { } record)
            {
                lineages.Add(record);
            }
        }

        return [.. lineages.OrderByDescending(lineage => lineage.Id == cluster.FirstLineage)];
    }

    /// <summary>The record; null when nothing was archived or backed up in this lineage yet.</summary>
    public static async ValueTask<LineageRecord?> TryReadAsync(
        Cluster cluster, Id128 lineage, CancellationToken cancellationToken)
    {
        try
        {
            var record = await Documents.ReadAsync(
                cluster.Store,
                ObjectNames.Lineage(cluster.Name, lineage),
                ContainerKind.Lineage,
                cluster.DataKey,
                LineageRecord.Form,
                cancellationToken);
            return record.Id == lineage
                ? record
                : throw new DamagedObjectException(
                    ObjectNames.Lineage(cluster.Name, lineage), DamageKind.Inconsistent, "it is of another lineage");
        }
        catch (DamagedObjectException missing) when (missing.Kind == DamageKind.Missing)
        {
            return null;
        }
    }

    /// <summary>When the lineage was recorded, by the store's clock; null when it was not.</summary>
    public static async ValueTask<DateTimeOffset?> BoundAtAsync(
        Cluster cluster, Id128 lineage, CancellationToken cancellationToken) =>
        (await cluster.Store.StatAsync(ObjectNames.Lineage(cluster.Name, lineage), cancellationToken))?.LastModified;

    /// <summary>
    /// Records the lineage at its first use; later, checks that it is still the same PostgreSQL cluster that uses it.
    /// </summary>
    /// <exception cref="LifeboatException">Mismatch: another PostgreSQL cluster uses this lineage.</exception>
    public static async ValueTask<LineageRecord> BindAsync(
        Cluster cluster, LineageRecord wanted, CancellationToken cancellationToken)
    {
        var bound = await TryReadAsync(cluster, wanted.Id, cancellationToken);
        if (bound is null)
        {
            await Documents.PutAsync(
                cluster.Store,
                ObjectNames.Lineage(cluster.Name, wanted.Id),
                ContainerKind.Lineage,
                cluster.DataKey,
                LineageRecord.Form,
                wanted,
                cluster.Time.GetUtcNow(),
                cancellationToken);
            bound = await TryReadAsync(cluster, wanted.Id, cancellationToken)
                ?? throw new DamagedObjectException(
                    ObjectNames.Lineage(cluster.Name, wanted.Id), DamageKind.Missing, "it was just written");
        }

        if (bound.SystemIdentifier == wanted.SystemIdentifier && bound.SegmentSize == wanted.SegmentSize
            && bound.Major == wanted.Major)
        {
            return bound;
        }

        throw new LifeboatException(new Failure(
            ErrorCode.Mismatch,
            "use the lineage of this server",
            $"cluster {cluster.Name}",
            $"it belongs to the PostgreSQL {bound.Major} cluster with system identifier {bound.SystemIdentifier}, "
            + $"and this is PostgreSQL {wanted.Major} with {wanted.SystemIdentifier}",
            Hint: "Check --cluster. If this server replaced the other one (initdb, pg_upgrade), give it a lineage of its "
                + "own: 'lifeboat adopt --as-new --cluster-dir DIR'."));
    }
}
