using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Check;

/// <summary>What a rebuild of the index found.</summary>
/// <param name="Run">The index run that was written; null when every pack was listed.</param>
/// <param name="Packs">The packs that it lists.</param>
/// <param name="Frames">Their frames.</param>
/// <param name="Removed">Index runs that could not be read: what they listed is listed anew.</param>
/// <param name="Damage">Packs that could not be read; they are left as they are.</param>
public sealed record IndexRepairReport(
    Id128? Run,
    IReadOnlyList<Id128> Packs,
    long Frames,
    IReadOnlyList<ObjectName> Removed,
    IReadOnlyList<DamagedObjectException> Damage);

/// <summary>
/// Lists packs again that no index run lists. An index run holds nothing that the packs do not say themselves, so one that
/// cannot be read is removed once its packs are listed anew; nothing else is removed or rewritten.
/// </summary>
public static class IndexRepair
{
    public static async ValueTask<IndexRepairReport> RebuildAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        using var index = await FrameIndex.LoadWholeAsync(cluster, cancellationToken);
        var run = await IndexUpdate.WriteAsync(cluster, index.Unlisted, cancellationToken);
        var broken = index.Damage
            .Where(damage => damage.Name.Value.StartsWith(ObjectNames.IndexRuns(cluster.Name), StringComparison.Ordinal))
            .ToList();
        foreach (var damage in broken)
        {
            await cluster.Store.DeleteAsync(damage.Name, cancellationToken);
        }

        return new IndexRepairReport(
            run,
            [.. index.Unlisted.Select(pack => pack.Id)],
            index.Unlisted.Sum(pack => (long)pack.Frames.Length),
            [.. broken.Select(damage => damage.Name)],
            [.. index.Damage.Except(broken)]);
    }
}
