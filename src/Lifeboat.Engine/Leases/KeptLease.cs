using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Leases;

namespace Lifeboat.Engine.Leases;

/// <summary>Work that goes on only as long as a lease holds, which is renewed beside it.</summary>
internal static class KeptLease
{
    /// <summary>Runs the work, and ends the lease when it is done or has failed.</summary>
    /// <param name="work">Given a token that is cancelled too when the lease is lost.</param>
    /// <exception cref="LifeboatException">Conflict: the lease was lost.</exception>
    internal static async Task<T> RunAsync<T>(
        Lease lease, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Ended);
        using var done = new CancellationTokenSource();
        var keeping = lease.KeepAsync(done.Token);
        try
        {
            return await work(both.Token);
        }
        catch (OperationCanceledException)
            when (lease.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw lease.Lost();
        }
        finally
        {
            await done.CancelAsync();
            await keeping;
            await EndAsync(lease);
        }
    }

    /// <summary>What is not taken away ends by its age; the work is done by now, whatever comes of this.</summary>
    internal static async Task EndAsync(Lease lease)
    {
        try
        {
            await lease.EndAsync(CancellationToken.None);
        }
        catch (LifeboatException)
        {
            // A collection waits for an hour, and takes its objects away later.
        }
    }
}
