using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Locks;
using Lifeboat.Repository.Maps;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Tests.Collect;

/// <summary>
/// What must hold of the locks of a history, told by the store's own answers: whatever a listed backup needs is locked for as
/// long as the program tells, and as the last renewal promised.
/// </summary>
internal sealed class HistoryLocks(MemoryObjectStore memory, LockTerms terms, TimeProvider clock)
{
    /// <summary>By so much hosts and the store may be apart: a store refuses more.</summary>
    internal static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(15);

    private DateTimeOffset _renewed = DateTimeOffset.UnixEpoch.AddYears(20);

    internal LockTerms Terms => terms;

    /// <summary>Locks that were compared with what they should be.</summary>
    internal long Compared { get; private set; }

    /// <summary>Somebody was told that everything is locked for so long.</summary>
    internal void Promise(DateTimeOffset until) => _renewed = until > _renewed ? until : _renewed;

    /// <summary>A repository as it is opened where it may be locked.</summary>
    internal static RepositoryStores StoresOf(
        ILockableStore store, TimeProvider time, Func<IObjectStore, IObjectStore>? around = null) =>
        RepositoryStores.Of(store, store, time, around ?? (static same => same));

    /// <param name="cluster">As it is, without lag.</param>
    /// <param name="packsOf">All packs that hold a frame.</param>
    internal async Task RequireLockedAsync(
        Cluster cluster,
        IReadOnlyList<BackupManifest> backups,
        Func<Lifeboat.Repository.Encoding.Id128, ValueTask<IReadOnlyList<Lifeboat.Repository.Encoding.Id128>>> packsOf)
    {
        var locks = await ReadAsync();
        var outlook = await LockOutlook.ReadAsync(cluster, default);
        var isRenewed = terms.EpochOf(clock.GetUtcNow()) <= terms.EpochOf(_renewed - terms.Duration) - 2;
        foreach (var backup in backups)
        {
            var promised = terms.UntilFrom(backup.StartTime);
            promised = (promised > _renewed ? promised : _renewed) - terms.Epoch;
            if (isRenewed && promised < clock.GetUtcNow() + terms.Duration - MostSkew)
            {
                throw new BrokenPromiseException($"renewed, and {backup.Id} is promised until {promised:u} only");
            }

            var until = outlook.Of(backup) is { } told && told > promised ? told : promised;
            foreach (var name in NamesOf(cluster, backup))
            {
                Require(locks, until, backup, [name]);
            }

            var known = new HashSet<Lifeboat.Repository.Encoding.Id128>();
            await foreach (var entry in BackupMap.ReadAsync(cluster, backup.MapRuns, default))
            {
                foreach (var frame in entry.FrameIds.Where(known.Add))
                {
                    Require(locks, until, backup, [.. (await packsOf(frame)).Select(
                        pack => ObjectNames.Pack(cluster.Name, pack))]);
                }
            }
        }
    }

    /// <summary>A segment that is promised is locked like everything else.</summary>
    internal async Task RequireLockedAsync(IEnumerable<string> names)
    {
        var locks = await ReadAsync();
        foreach (var name in names)
        {
            Require(locks, _renewed - terms.Epoch, backup: null, [new ObjectName(name)]);
        }
    }

    private static IEnumerable<ObjectName> NamesOf(Cluster cluster, BackupManifest backup) =>
    [
        ObjectNames.Repository,
        ObjectNames.Cluster(cluster.Name),
        ObjectNames.Lineage(cluster.Name, backup.Lineage),
        ObjectNames.Manifest(cluster.Name, backup.Lineage, backup.Id),
        ObjectNames.Completion(cluster.Name, backup.Lineage, backup.Id),
        .. backup.MapRuns.Select(run => ObjectNames.MapRun(cluster.Name, run)),
    ];

    /// <summary>One of them has to be there for so long; of what lies in several places that is enough.</summary>
    private void Require(
        Dictionary<ObjectName, DateTimeOffset?> locks, DateTimeOffset until, BackupManifest? backup, ObjectName[] names)
    {
        Compared++;
        if (until > clock.GetUtcNow() && !Array.Exists(names, name => locks.GetValueOrDefault(name) is { } held && held >= until))
        {
            var held = names.Select(name => $"{name} is locked until {locks.GetValueOrDefault(name):u}");
            throw new BrokenPromiseException(
                $"at {clock.GetUtcNow():u} {backup?.Id ?? "WAL"} is to be locked until {until:u}, and {string.Join(", ", held)}");
        }
    }

    /// <summary>How each object is locked: its oldest version.</summary>
    private async Task<Dictionary<ObjectName, DateTimeOffset?>> ReadAsync()
    {
        var locks = new Dictionary<ObjectName, DateTimeOffset?>();
        await foreach (var facts in memory.ListVersionsAsync("", default))
        {
            if (!facts.IsDeleted && !locks.ContainsKey(facts.Name))
            {
                locks[facts.Name] = (await memory.ReadRetentionAsync(
                    new ObjectVersion(facts.Name, facts.Version!), default))?.Until;
            }
        }

        return locks;
    }
}
