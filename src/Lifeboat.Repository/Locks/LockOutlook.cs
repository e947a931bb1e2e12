using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Repository.Locks;

/// <summary>Until when backups are locked at least, by what was promised when they were taken and renewed since.</summary>
/// <remarks>
/// Before a backup begins, everything that it can take up is locked as this epoch asks, and what it puts is too; a renewal
/// covers everything that is not condemned. So one comparison tells it for each, and nothing is asked of the store;
/// <c>check --immutable</c> asks. One epoch is left away for uploads and clocks at its border.
/// </remarks>
public sealed class LockOutlook
{
    private readonly Cluster _cluster;
    private readonly RenewalRecord? _latest;

    private LockOutlook(Cluster cluster, RenewalRecord? latest)
    {
        _cluster = cluster;
        _latest = latest;
    }

    public static async ValueTask<LockOutlook> ReadAsync(Cluster cluster, CancellationToken cancellationToken) => new(
        cluster,
        cluster.Store.Locks is null ? null : await LockRenewal.LatestAsync(cluster, cancellationToken));

    /// <summary>Null where nothing is locked.</summary>
    public DateTimeOffset? Of(BackupManifest backup)
    {
        if (_cluster.Store.Locks is not { Terms: { } terms })
        {
            return null;
        }

        var put = terms.UntilFrom(backup.StartTime);
        return (_latest is { } renewed && renewed.Until > put ? renewed.Until : put) - terms.Epoch;
    }
}
