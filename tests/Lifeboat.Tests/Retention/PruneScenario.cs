using Lifeboat.Engine.Retention;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Retention;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Repository;

namespace Lifeboat.Tests.Retention;

/// <summary>
/// A repository in memory with five backups, one in each hour and fourth segment, and a store in which something can
/// happen
/// between two requests.
/// </summary>
internal sealed class PruneScenario
{
    internal const int FirstSegment = 0x20;
    internal const int Segments = 20;

    private readonly FaultyStore _store;

    private PruneScenario(FaultyStore store, MemoryObjectStore memory, RepositoryBuilder built)
    {
        _store = store;
        Memory = memory;
        Built = built;
    }

    internal MemoryObjectStore Memory { get; }

    internal RepositoryBuilder Built { get; }

    internal Cluster Cluster => Built.Cluster;

    internal List<BackupManifest> Backups { get; } = [];

    internal static async Task<PruneScenario> CreateAsync(int backups = 5)
    {
        var memory = new MemoryObjectStore(TimeProvider.System);
        var store = new FaultyStore(memory);
        var scenario = new PruneScenario(store, memory, await RepositoryBuilder.CreateAsync(store: store));
        for (var number = 0; number < Segments; number++)
        {
            await scenario.Built.SegmentAsync(FirstSegment + number);
        }

        for (var number = 0; number < backups; number++)
        {
            scenario.Backups.Add(await scenario.BackupAsync(number));
        }

        return scenario;
    }

    /// <summary>A backup of the segments 4n and 4n+1, that ended n hours behind the first.</summary>
    internal async Task<BackupManifest> BackupAsync(int number)
    {
        var start = (ulong)(FirstSegment + (4 * number)) << 20;
        var time = TimeProvider.System.GetUtcNow().AddHours(number - 6);
        var manifest = Built.Manifest($"{new Lsn(start + 40)}", $"{new Lsn(start + (3 << 19))}", new BackupChanges()) with
        {
            Id = BackupId.New(time),
            StartTime = time,
            StopTime = time,
        };
        await BackupCatalog.PutAsync(Cluster, manifest, [], default);
        return manifest;
    }

    internal PruneRun Prune(RetentionPolicy policy) => new(Cluster, policy, TimeProvider.System);

    internal async Task<RetentionPlan> ApplyAsync(RetentionPolicy policy)
    {
        var prune = Prune(policy);
        var (facts, plan) = await prune.PlanAsync(default);
        await prune.ApplyAsync(facts, plan, default);
        return plan;
    }

    internal async Task<string[]> ListedAsync() =>
        [.. (await BackupCatalog.ListAsync(Cluster, default)).Backups.Select(backup => backup.Id)];

    internal ValueTask<ClusterWindows> WindowsAsync() => ClusterWindows.LoadAsync(Cluster, default);

    internal ValueTask PinAsync(BackupManifest backup) => BackupMarks.AddAsync(
        Cluster,
        backup.Lineage,
        new BackupMark(backup.Id, BackupMark.OfPin, "mine", null, null, backup.StopTime, "host"),
        default);

    /// <summary>Has something happen just before the first request of a kind to a place, once.</summary>
    internal void Before(StoreOperation operation, string part, Func<Task> happens)
    {
        var waits = true;
        _store.Fault = new StoreFault(1, Concerns: (kind, name) =>
        {
            if (waits && kind == operation && name.Contains(part, StringComparison.Ordinal))
            {
                waits = false;
                happens().GetAwaiter().GetResult();
            }

            return false;
        });
    }

    /// <summary>Fails the request of this number to objects whose name holds a word, and all later ones.</summary>
    internal void Fail(int at, Func<StoreOperation, string, bool> concerns, bool forGood = true) =>
        _store.Fault = new StoreFault(at, forGood, Transient: false, Concerns: concerns);

    internal void Heal() => _store.Fault = null;

    /// <summary>How many requests the fault that was set concerns.</summary>
    internal long Requests => _store.Count;

    internal async Task<IReadOnlyList<string>> ObjectsAsync()
    {
        var names = new List<string>();
        await foreach (var facts in Memory.ListAsync("", default))
        {
            names.Add(facts.Name.Value);
        }

        return names;
    }

    /// <summary>The failure of something that must fail.</summary>
    internal static async Task<Failure> FailureAsync(Func<Task> fails) =>
        (await Xunit.Assert.ThrowsAnyAsync<LifeboatException>(fails)).Failure;
}
