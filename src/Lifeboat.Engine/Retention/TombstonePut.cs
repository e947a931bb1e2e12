using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Retention;

/// <summary>The tombstones that one call has put, so that it can take back these and no others.</summary>
internal sealed class TombstonePut(Cluster cluster, TimeProvider time)
{
    private readonly List<(Id128 Lineage, string Backup)> _put = [];
    private readonly DateTimeOffset _began = time.GetUtcNow();

    /// <summary>Later than this a collection may have looked at them already: what expired stays so.</summary>
    internal static bool IsTooLate(DateTimeOffset began, TimeProvider time) =>
        time.GetUtcNow() - began > CollectionMargins.Usual.Withdrawal;

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
        if (_put.Count > 0 && IsTooLate(_began, time))
        {
            throw new LifeboatException(
                new Failure(
                    ErrorCode.Conflict,
                    $"take tombstones back after: {cause.Message}",
                    string.Join(", ", _put.Select(item => item.Backup)),
                    "this process was suspended for hours, and a collection may have begun with what expired",
                    Hint: "They stay expired. Take a new backup, and look at 'lifeboat list'."),
                cause);
        }

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
