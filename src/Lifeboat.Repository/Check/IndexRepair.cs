using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;

namespace Lifeboat.Repository.Check;

/// <summary>What a rebuild of the index found.</summary>
/// <param name="Run">The index run that was written; null when every pack was listed.</param>
/// <param name="Packs">The packs that it lists.</param>
/// <param name="Frames">Their frames.</param>
/// <param name="Damage">Index runs and packs that could not be read; they are left as they are.</param>
public sealed record IndexRepairReport(
    Id128? Run, IReadOnlyList<Id128> Packs, long Frames, IReadOnlyList<DamagedObjectException> Damage);

/// <summary>Lists packs again that no index run lists. Only ever adds: nothing is removed or rewritten.</summary>
public static class IndexRepair
{
    public static async ValueTask<IndexRepairReport> RebuildAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var index = await FrameIndex.LoadAsync(cluster, cancellationToken);
        var run = await IndexRun.WriteAsync(cluster, index.Unlisted, cancellationToken);
        return new IndexRepairReport(
            run,
            [.. index.Unlisted.Select(pack => pack.Id)],
            index.Unlisted.Sum(pack => (long)pack.Frames.Length),
            index.Damage);
    }
}
