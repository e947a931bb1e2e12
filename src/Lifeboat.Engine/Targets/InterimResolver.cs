using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Targets;

/// <summary>To the end of the archive; gives way to the resolver of all targets.</summary>
public static class TargetResolver
{
    public static async ValueTask<ResolvedTarget> ResolveAsync(
        Cluster cluster, RecoveryTarget target, string? backup, CancellationToken cancellationToken)
    {
        var found = await BackupCatalog.FindAsync(cluster, backup ?? "latest", cancellationToken);
        var size = new WalSegmentSize(found.Server.WalSegmentSize);
        return new ResolvedTarget(
            found,
            found.Lineage,
            found.Timeline,
            [new("recovery_target_timeline", found.Timeline.ToString())],
            StopLsn: null,
            "all that is archived",
            WalSegmentName.Of(found.Timeline, found.StartLsn, size),
            WalSegmentName.OfEnd(found.Timeline, found.StopLsn, size));
    }
}
