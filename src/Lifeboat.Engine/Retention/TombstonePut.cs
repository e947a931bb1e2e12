using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Retention;

/// <summary>The tombstones that one call has put, so that it can take back these and no others.</summary>
internal sealed class TombstonePut(Cluster cluster)
{
    private readonly List<(Id128 Lineage, string Backup)> _put = [];

    internal async ValueTask ExpireAsync(
        Id128 lineage, TombstoneRecord tombstone, CancellationToken cancellationToken)
    {
        if (await BackupCatalog.ExpireAsync(cluster, lineage, tombstone, cancellationToken))
        {
            _put.Add((lineage, tombstone.Backup));
        }
    }

    /// <summary>
    /// Takes all of them back, newest first, whether or not somebody wants to stop: half of it would be a plan that
    /// nobody
    /// made.
    /// </summary>
    /// <param name="cause">Why.</param>
    /// <exception cref="LifeboatException">That could not be done either; it names what stays expired.</exception>
    internal async ValueTask WithdrawAsync(Exception cause)
    {
        while (_put.Count > 0)
        {
            var (lineage, backup) = _put[^1];
            try
            {
                await BackupCatalog.WithdrawAsync(cluster, lineage, backup, CancellationToken.None);
            }
            catch (LifeboatException failure)
            {
                throw new LifeboatException(
                    failure.Failure with
                    {
                        Operation = $"take tombstones back after: {cause.Message}",
                        Hint = $"Still expired: {string.Join(", ", _put.Select(item => item.Backup))}. Nothing of them is "
                            + $"deleted yet. {failure.Failure.Hint}",
                    },
                    cause);
            }

            _put.RemoveAt(_put.Count - 1);
        }
    }
}
