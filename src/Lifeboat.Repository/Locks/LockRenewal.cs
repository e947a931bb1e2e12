using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Repository.Locks;

/// <summary>
/// Locks everything that is not condemned for longer, once in each epoch (<see cref="LockTerms"/>): one request for each
/// object, and for as long as the epoch lasts one for each thousand.
/// </summary>
public sealed class LockRenewal
{
    private const string Operation = "renew the locks";
    private const int MostAtOnce = 16;
    private const int MostFailures = 20;

    /// <summary>Locks that are asked for when a record says that all is done: who forges records must deceive all of them.</summary>
    private const int Samples = 16;

    private readonly Cluster _cluster;
    private readonly IObjectLocks _locks;
    private readonly DateTimeOffset _now;
    private readonly List<string> _failures = [];
    private long _extended;

    private LockRenewal(Cluster cluster, IObjectLocks locks)
    {
        _cluster = cluster;
        _locks = locks;
        _now = cluster.Time.GetUtcNow();
    }

    private LockTerms Terms => _locks.Terms;

    private DateTimeOffset Until => Terms.UntilFrom(_now);

    /// <summary>What a renewal has made sure of last; null when none has, or its record cannot be read.</summary>
    public static async ValueTask<RenewalRecord?> LatestAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        ObjectName? last = null;
        await foreach (var facts in cluster.Store.ListAsync(ObjectNames.Renewals(cluster.Name), cancellationToken))
        {
            last = facts.Name;
        }

        if (last is not { } name)
        {
            return null;
        }

        try
        {
            var record = await Documents.ReadAsync(
                cluster.Store,
                name,
                ContainerKind.Renewal,
                cluster.DataKey,
                RepositoryJson.Default.RenewalRecord,
                cancellationToken);
            return ObjectNames.Renewal(cluster.Name, record.Epoch) == name ? record : null;
        }
        catch (DamagedObjectException)
        {
            return null;
        }
    }

    /// <summary>Renews unless this epoch's renewal has been; then some locks are asked for, and all renewed if one is too short.</summary>
    /// <exception cref="LifeboatException">Usage: the repository's objects are not locked.</exception>
    public static async ValueTask<RenewalReport> RunAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var renewal = new LockRenewal(cluster, cluster.Store.Locks ?? throw NotLocked(cluster));
        var sampled = 0;
        if (await LatestAsync(cluster, cancellationToken) is { } latest && renewal.IsOfNow(latest))
        {
            var (objects, sample) = await renewal.SampleAsync(cancellationToken);
            sampled = sample.Count;
            if (await renewal.HoldAsync(sample, cancellationToken))
            {
                return renewal.Report(renewed: false, objects, sampled);
            }
        }

        return await renewal.RenewAsync(sampled, cancellationToken);
    }

    /// <summary>
    /// Before a backup relies on what is stored: renews when this epoch's renewal has not been. Does nothing where objects are
    /// not locked.
    /// </summary>
    /// <exception cref="LifeboatException">Denied: something cannot be locked for long enough.</exception>
    public static async ValueTask EnsureAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        if (cluster.Store.Locks is not { } locks)
        {
            return;
        }

        var renewal = new LockRenewal(cluster, locks);
        if (await LatestAsync(cluster, cancellationToken) is { } latest && renewal.IsOfNow(latest))
        {
            return;
        }

        var report = await renewal.RenewAsync(sampled: 0, cancellationToken);
        if (report.Failures.Count > 0)
        {
            throw Failed(cluster, report);
        }
    }

    /// <summary>
    /// Locks objects as if they had been put now: what was to go and is needed again, and what a writer that died may have left
    /// without a lock.
    /// </summary>
    internal static async ValueTask RestoreAsync(
        Cluster cluster, IEnumerable<ObjectName> names, CancellationToken cancellationToken)
    {
        var renewal = new LockRenewal(cluster, cluster.Store.Locks ?? throw NotLocked(cluster));
        foreach (var name in names)
        {
            if (await cluster.Store.StatAsync(name, cancellationToken) is { Version: not null } facts)
            {
                await renewal.ExtendAsync(facts, cancellationToken);
            }
        }

        if (renewal._failures.Count > 0)
        {
            throw Failed(cluster, renewal.Report(renewed: false, objects: 0, sampled: 0));
        }
    }

    /// <summary>The error of a renewal that could not lock everything.</summary>
    public static LifeboatException Failed(Cluster cluster, RenewalReport report) => new(new Failure(
        ErrorCode.Denied,
        Operation,
        cluster.Name,
        $"{report.Failures.Count} objects could not be locked until {report.Until:u}: {report.Failures[0]}",
        Hint: "The credentials need s3:PutObjectRetention and s3:GetObjectRetention. Run 'lifeboat lock renew' again when they "
            + "have them; until then the locks end as they were."));

    private bool IsOfNow(RenewalRecord record) => record.Epoch == Terms.EpochOf(_now) && record.Until >= Until;

    private async ValueTask<RenewalReport> RenewAsync(int sampled, CancellationToken cancellationToken)
    {
        var objects = 0L;
        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForEachAsync(LockedObjects.ListAsync(_cluster, cancellationToken), options, async (facts, stopping) =>
        {
            Interlocked.Increment(ref objects);
            if (Terms.IsDue(facts.LastModified, _now))
            {
                await ExtendAsync(facts, stopping);
            }
        });
        if (_failures.Count == 0)
        {
            await PutRecordAsync(objects, cancellationToken);
        }

        return Report(renewed: true, objects, sampled);
    }

    private async ValueTask ExtendAsync(ObjectFacts facts, CancellationToken cancellationToken)
    {
        var version = new ObjectVersion(facts.Name, facts.Version!);
        try
        {
            await _locks.ExtendAsync(version, Until, cancellationToken);
            Interlocked.Increment(ref _extended);
        }
        catch (LifeboatException refused) when (!refused.Failure.Transient)
        {
            // It may be locked for longer already; or a collection has deleted it since it was listed.
            if (await _cluster.Store.StatAsync(facts.Name, cancellationToken) is not null
                && !await IsLongEnoughAsync(version, cancellationToken))
            {
                lock (_failures)
                {
                    if (_failures.Count < MostFailures)
                    {
                        _failures.Add($"{facts.Name}: {refused.Failure.Cause}");
                    }
                }
            }
        }
    }

    private async ValueTask<bool> IsLongEnoughAsync(ObjectVersion version, CancellationToken cancellationToken)
    {
        try
        {
            return await _locks.ReadAsync(version, cancellationToken) is { } retention && retention.Until >= Until
                && retention.Mode >= Terms.Mode;
        }
        catch (ObjectNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Of what was due in this epoch, some at random.</summary>
    private async ValueTask<(long Objects, List<ObjectVersion> Sample)> SampleAsync(CancellationToken cancellationToken)
    {
        var (objects, due) = (0L, 0);
        var sample = new List<ObjectVersion>();
        await foreach (var facts in LockedObjects.ListAsync(_cluster, cancellationToken))
        {
            objects++;
            if (!Terms.IsDue(facts.LastModified, _now))
            {
                continue;
            }

            var place = System.Security.Cryptography.RandomNumberGenerator.GetInt32(++due);
            if (sample.Count < Samples)
            {
                sample.Add(new ObjectVersion(facts.Name, facts.Version!));
            }
            else if (place < Samples)
            {
                sample[place] = new ObjectVersion(facts.Name, facts.Version!);
            }
        }

        return (objects, sample);
    }

    private async ValueTask<bool> HoldAsync(List<ObjectVersion> sample, CancellationToken cancellationToken)
    {
        foreach (var version in sample)
        {
            if (!await IsLongEnoughAsync(version, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask PutRecordAsync(long objects, CancellationToken cancellationToken) => await Documents.PutAsync(
        _cluster.Store,
        ObjectNames.Renewal(_cluster.Name, Terms.EpochOf(_now)),
        ContainerKind.Renewal,
        _cluster.DataKey,
        RepositoryJson.Default.RenewalRecord,
        new RenewalRecord(Terms.EpochOf(_now), Until, objects, _extended, Environment.MachineName, _now),
        _cluster.Time.GetUtcNow(),
        cancellationToken);

    private RenewalReport Report(bool renewed, long objects, int sampled) => new(
        _cluster.Name,
        renewed,
        Until,
        objects,
        _extended,
        sampled,
        DateTimeOffset.FromUnixTimeSeconds((Terms.EpochOf(_now) + 1) * (long)Terms.Epoch.TotalSeconds),
        _failures);

    private static LifeboatException NotLocked(Cluster cluster) => new(new Failure(
        ErrorCode.Usage,
        Operation,
        cluster.Store.Location,
        cluster.Repository.Terms is null
            ? "the objects of this repository are not locked"
            : "this is a copy of a repository with locks, in a place that has none",
        Hint: "Locks are chosen when a repository is made: 'lifeboat init --lock 30d' in a bucket with object lock."));
}
