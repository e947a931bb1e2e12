using Lifeboat.Engine.Activity;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Leases;

namespace Lifeboat.Engine.Leases;

/// <summary>
/// Says that somebody reads backups, so that one which expires meanwhile is not taken away. Reading never fails for want of
/// it: whoever may not write has the time that lies between a tombstone and a collection.
/// </summary>
public sealed class ReaderLease : IAsyncDisposable
{
    private readonly CancellationTokenSource _done = new();
    private readonly Lease? _lease;
    private readonly Task _keeping;

    private ReaderLease(Lease? lease)
    {
        _lease = lease;
        _keeping = lease?.KeepAsync(_done.Token) ?? Task.CompletedTask;
    }

    /// <summary>Takes one; where that fails, says so and goes on without.</summary>
    public static async Task<ReaderLease> TakeAsync(
        Cluster cluster, IActivity activity, CancellationToken cancellationToken)
    {
        try
        {
            return new ReaderLease(await Lease.TakeAsync(cluster, LeasePurpose.Read, cancellationToken));
        }
        catch (LifeboatException failure)
        {
            activity.Warn(
                $"no lease could be taken in {cluster.Store.Location} ({failure.Failure.Cause}): a backup that expires while "
                + "it is read may be taken away 20 hours later");
            return new ReaderLease(lease: null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _keeping;
        if (_lease is not null)
        {
            await KeptLease.EndAsync(_lease);
            await _lease.DisposeAsync();
        }

        _done.Dispose();
    }
}
