using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Leases;

/// <summary>
/// A lease of this process (docs/format/repository-v0.md, <i>Leases</i>). Its first object stays as long as it does; each
/// renewal puts another one. Whether it still holds is told by the store's own dates of two renewals, so that a machine that was
/// suspended, whose clocks stood still, finds out.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    /// <summary>So many renewals are there at once: a listing that lags shows one of them.</summary>
    private const uint Kept = 2;

    private readonly Cluster _cluster;
    private readonly CancellationTokenSource _ended;
    private readonly string _purpose;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private uint _serial;
    private long _stamp;
    private DateTimeOffset _renewed;

    private Lease(Cluster cluster, string purpose)
    {
        _cluster = cluster;
        _purpose = purpose;
        _ended = new CancellationTokenSource(CollectionMargins.Usual.LeaseTerm - CollectionMargins.Usual.LeaseReserve, cluster.Time);
    }

    public Id128 Id { get; } = Id128.NewRandom();

    /// <summary>When it began, by the store's clock.</summary>
    public DateTimeOffset Began { get; private set; }

    /// <summary>When it was last renewed, by the store's clock: what the store takes for now.</summary>
    public DateTimeOffset StoreTime => _renewed;

    /// <summary>Cancelled when the lease was not renewed in time, or was found lost.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <param name="purpose">See <see cref="LeasePurpose"/>.</param>
    public static async ValueTask<Lease> TakeAsync(
        Cluster cluster, string purpose, CancellationToken cancellationToken)
    {
        var lease = new Lease(cluster, purpose);
        try
        {
            lease._stamp = cluster.Time.GetTimestamp();
            lease._renewed = lease.Began = await lease.PutAsync(cancellationToken);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    /// <summary>Renews; when it returns, the lease has held without a break since it was taken.</summary>
    /// <exception cref="LifeboatException">Conflict: it has not, and what relies on it is worth nothing.</exception>
    public async ValueTask RenewAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await RenewOnceAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Renews until it is cancelled or the lease is lost; an error of the store is tried again until then.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && !Ended.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(CollectionMargins.Usual.LeaseRenewal, _cluster.Time, cancellationToken);
                await RenewAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (LifeboatException failure) when (failure.Code != ErrorCode.Conflict)
            {
                // The token ends the work when it does not come right in time.
            }
            catch (LifeboatException)
            {
                return;
            }
        }
    }

    /// <summary>Ends it: from now on nothing relies on it. The first object goes last.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        for (var serial = _serial; serial > 0 && serial + Kept > _serial; serial--)
        {
            await DeleteAsync(serial, cancellationToken);
        }

        await DeleteAsync(0, cancellationToken);
    }

    /// <summary>Lets go without telling the store: the lease ends by its age.</summary>
    public ValueTask DisposeAsync()
    {
        _ended.Dispose();
        _gate.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask RenewOnceAsync(CancellationToken cancellationToken)
    {
        var stamp = _cluster.Time.GetTimestamp();
        _serial++;
        var renewed = await PutAsync(cancellationToken);
        var gap = renewed - _renewed;
        if (_ended.IsCancellationRequested
            || gap > CollectionMargins.Usual.LeaseTerm - CollectionMargins.Usual.LeaseReserve
            || gap < -CollectionMargins.Usual.ClockSteps
            || _cluster.Time.GetElapsedTime(_stamp) > CollectionMargins.Usual.LeaseTerm
            || renewed - Began > CollectionMargins.Usual.LongestLease)
        {
            await _ended.CancelAsync();
            throw Lost(gap);
        }

        if (_serial > Kept)
        {
            await DeleteAsync(_serial - Kept, cancellationToken);
        }

        (_stamp, _renewed) = (stamp, renewed);
        _ended.CancelAfter(CollectionMargins.Usual.LeaseTerm - CollectionMargins.Usual.LeaseReserve);
    }

    /// <summary>
    /// Credentials of a writer that may not delete are a good choice: then the lease ends by its age, and the collection removes
    /// its objects.
    /// </summary>
    private async ValueTask DeleteAsync(uint serial, CancellationToken cancellationToken)
    {
        try
        {
            await _cluster.Store.DeleteAsync(ObjectNames.Lease(_cluster.Name, Id, serial), cancellationToken);
        }
        catch (LifeboatException refused) when (refused.Code == ErrorCode.Denied)
        {
        }
    }

    /// <returns>The store's date of the object.</returns>
    private async ValueTask<DateTimeOffset> PutAsync(CancellationToken cancellationToken)
    {
        var name = ObjectNames.Lease(_cluster.Name, Id, _serial);
        await Documents.PutAsync(
            _cluster.Store,
            name,
            ContainerKind.Lease,
            _cluster.DataKey,
            RepositoryJson.Default.LeaseRecord,
            new LeaseRecord(Id, _purpose, Environment.MachineName, _cluster.Time.GetUtcNow()),
            _cluster.Time.GetUtcNow(),
            cancellationToken);
        return await _cluster.Store.StatAsync(name, cancellationToken) is { } facts
            ? facts.LastModified
            : throw Lost(TimeSpan.Zero);
    }

    /// <summary>The failure of whoever relied on it.</summary>
    public LifeboatException Lost() => Lost(_cluster.Time.GetElapsedTime(_stamp));

    private LifeboatException Lost(TimeSpan gap) => new(new Failure(
        ErrorCode.Conflict,
        "keep the lease",
        $"lease {Id}",
        $"it was not renewed for {gap.TotalMinutes:0} minutes by the store's clock, so that what this run relies on may be gone",
        Transient: true,
        Hint: "The machine was suspended, the store was out of reach, or its clock jumped. Run it again: what is stored "
            + "already is not stored twice."));
}
