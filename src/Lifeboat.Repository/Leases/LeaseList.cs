using System.Globalization;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Leases;

/// <summary>A lease as a collection sees it.</summary>
/// <param name="Began">By the store's clock.</param>
/// <param name="Renewed">By the store's clock.</param>
/// <param name="OnlyAsks">Whether it only asks for the time, and holds nobody back.</param>
/// <param name="Objects">All of its objects.</param>
internal sealed record SeenLease(
    Id128 Id, DateTimeOffset Began, DateTimeOffset Renewed, bool OnlyAsks, IReadOnlyList<ObjectFacts> Objects)
{
    /// <summary>One whose date lies in the future lives: the store's clock went back, and that only delays.</summary>
    internal bool LivesAt(DateTimeOffset storeTime, TimeSpan term) => !OnlyAsks && storeTime - Renewed <= term;
}

/// <summary>The leases of a cluster, by the store's dates of their objects.</summary>
internal static class LeaseList
{
    /// <summary>All of them. One that cannot be read counts like one that writes.</summary>
    internal static async ValueTask<IReadOnlyList<SeenLease>> ReadAsync(
        Cluster cluster, CancellationToken cancellationToken)
    {
        var objects = new List<(Id128 Id, ObjectFacts Facts)>();
        var prefix = ObjectNames.Leases(cluster.Name);
        await foreach (var facts in cluster.Store.ListAsync(prefix, cancellationToken))
        {
            if (facts.Name.Value[prefix.Length..].Split('/') is [var holder, var serial]
                && Id128.TryParse(holder, out var id)
                && uint.TryParse(serial, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            {
                objects.Add((id, facts));
            }
        }

        var leases = new List<SeenLease>();
        foreach (var group in objects.GroupBy(item => item.Id))
        {
            var parts = group.Select(item => item.Facts).ToList();
            leases.Add(new SeenLease(
                group.Key,
                parts.Min(part => part.LastModified),
                parts.Max(part => part.LastModified),
                await OnlyAsksAsync(cluster, parts[0].Name, cancellationToken),
                parts));
        }

        return leases;
    }

    private static async ValueTask<bool> OnlyAsksAsync(
        Cluster cluster, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            var record = await Documents.ReadAsync(
                cluster.Store,
                name,
                ContainerKind.Lease,
                cluster.DataKey,
                RepositoryJson.Default.LeaseRecord,
                cancellationToken);
            return record.Purpose == LeasePurpose.Collect;
        }
        catch (DamagedObjectException)
        {
            return false;
        }
    }
}
