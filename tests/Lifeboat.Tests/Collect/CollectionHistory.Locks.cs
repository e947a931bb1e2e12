using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Locks;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>What is different in a repository with locks: renewals, a thief, and clocks that a store of S3 bears.</summary>
internal sealed partial class CollectionHistory
{
    /// <summary>As LockRenewal is run by cron, now and then not at all for days.</summary>
    private void StartRenewals(int days)
    {
        var each = _random.Next(4) switch
        {
            0 => 0,
            1 => 3,
            _ => 1,
        };
        for (var number = 0; each > 0 && number < Math.Min(days, 30); number += each)
        {
            Start("renew", process => process.RenewAsync());
        }
    }

    /// <summary>
    /// Somebody with the writer's credentials, who puts something over objects and deletion markers in front of them. What he puts he
    /// may lock, for as long as a policy lets him.
    /// </summary>
    private void StartThief()
    {
        for (var visits = _random.Next(6); visits > 0; visits--)
        {
            var random = new Random(_random.Next());
            _processes.Start(_length * _random.NextDouble(), (turn, _) => StealAsync(new SimulatedStore(_storage, turn), random));
        }
    }

    private async Task StealAsync(SimulatedStore store, Random random)
    {
        for (var left = random.Next(1, 30); left > 0; left--)
        {
            var all = await LockedObjectsAsync();
            if (all.Count == 0)
            {
                return;
            }

            var name = all[random.Next(all.Count)];
            var other = all[random.Next(all.Count)];
            var content = await _storage.Memory.StatAsync(other, default) is { } facts ? new byte[facts.Size] : new byte[9];
            if (random.Next(3) == 0)
            {
                await store.DeleteAsync(name, default);
            }
            else if (random.Next(4) == 0)
            {
                var until = _clock.GetUtcNow() + (_terms!.Duration * random.NextDouble() * 1.5);
                await store.PutAsync(name, content, PutCondition.Overwrite, new ObjectRetention(LockMode.Governance, until), default);
            }
            else
            {
                // Of another object, whole and sealed: it must not pass for this one.
                _ = await _storage.Memory.ReadAsync(all[random.Next(all.Count)], 0, content, default);
                await store.PutAsync(name, content, PutCondition.Overwrite, default);
            }
        }
    }

    /// <summary>Those whose lock holds for a while: what is being deleted could be anything behind it.</summary>
    private async Task<List<ObjectName>> LockedObjectsAsync()
    {
        var names = new List<ObjectName>();
        await foreach (var facts in _model.Cluster.Store.ListAsync("", default))
        {
            if (LockedNames.Covers(facts.Name)
                && await _storage.Memory.ReadRetentionAsync(new ObjectVersion(facts.Name, facts.Version!), default)
                    is { } held && held.Until > _clock.GetUtcNow().AddHours(6)
                && await _storage.Memory.StatAsync(facts.Name, default) is not null)
            {
                names.Add(facts.Name);
            }
        }

        return names;
    }

    /// <summary>Nothing is left of what is gone: no version, and no marker.</summary>
    private async Task RequireNoVersionsAsync()
    {
        var there = new HashSet<ObjectName>();
        await foreach (var facts in _model.Cluster.Store.ListAsync("", default))
        {
            there.Add(facts.Name);
        }

        await foreach (var facts in _storage.Memory.ListVersionsAsync("", default))
        {
            if (!there.Contains(facts.Name))
            {
                throw new BrokenPromiseException($"not given back: version {facts.Version} of {facts.Name}, which is gone");
            }
        }
    }

    private async Task<Cluster> OpenAsync(
        ILockableStore store, TimeProvider time, Func<IObjectStore, IObjectStore>? around = null) =>
        await Cluster.OpenAsync(
            await RepositoryRoot.OpenAsync(
                _terms is null
                    ? RepositoryStores.Of((around ?? (static same => same))(store))
                    : HistoryLocks.StoresOf(store, time, around),
                secret: null,
                time,
                default),
            "main",
            default);
}
