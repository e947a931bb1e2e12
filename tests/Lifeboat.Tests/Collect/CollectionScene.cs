using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>One repository in virtual time, in which writers and collections act as a test tells them.</summary>
internal sealed class CollectionScene
{
    private readonly Sabotage _sabotage;
    private readonly LockTerms? _terms;
    private readonly HistoryModel _model;

    /// <param name="terms">Null: nothing is locked.</param>
    internal CollectionScene(int seed, Sabotage sabotage, LockTerms? terms = null)
    {
        _sabotage = sabotage;
        _terms = terms;
        Storage = new SimulatedStorage(seed, Clock, versions: terms is not null);
        _model = new HistoryModel(Storage, Clock)
        {
            Locks = terms is null ? null : new HistoryLocks(Storage.Memory, terms, Clock),
        };
    }

    internal VirtualClock Clock { get; } = new();

    internal SimulatedStorage Storage { get; }

    internal required CollectionMargins Margins { get; init; }

    /// <summary>The repository as it is.</summary>
    internal Cluster Cluster => _model.Cluster;

    internal async Task OpenAsync() =>
        _model.Cluster = await CollectionHistory.CreateAsync(Storage.Memory, Clock, _terms);

    /// <summary>Begins something that falls asleep before the first request of a kind, until it is woken.</summary>
    /// <param name="part">Of the name that the request is for.</param>
    /// <param name="diesBehind">Whether that request is its last.</param>
    internal Sleeper Begin(
        string kind, string part, Func<SimulatedStore, Task> act, bool diesBehind = false)
    {
        var store = new SimulatedStore(Storage);
        var (asleep, woken) = (new TaskCompletionSource(), new TaskCompletionSource());
        var requests = 0;
        store.Before = async (asked, name) =>
        {
            requests++;
            if (asked == kind && name.Contains(part, StringComparison.Ordinal) && asleep.TrySetResult())
            {
                if (diesBehind)
                {
                    (store.CrashAt, store.CrashBehind) = (requests, true);
                }

                await woken.Task;
            }
        };
        return new Sleeper(asleep.Task, woken, act(store));
    }

    /// <summary>A full backup of one file; contents of one number are equal.</summary>
    internal Task BackUpAsync(int content) => BackUpAsync(new SimulatedStore(Storage), content);

    /// <summary>As above, of some files, each of which has a frame of its own.</summary>
    internal async Task BackUpAsync(SimulatedStore store, params int[] contents)
    {
        var process = new HistoryProcess(_model, new Random(1), _ => Task.CompletedTask)
        {
            Cluster = await ClusterOfAsync(store, isWriter: true),
            HasFrameForEachFile = true,
        };
        await process.BackUpAsync(
            onParent: false, _ => contents.ToDictionary(Path, Content, StringComparer.Ordinal), renewals: 0);

        // Backups are listed by their times.
        Clock.Advance(TimeSpan.FromSeconds(1));

        static string Path(int content) => $"base/{content}";

        static byte[] Content(int content)
        {
            var bytes = new byte[HistoryProcess.ContentSize];
            new Random(content).NextBytes(bytes);
            return bytes;
        }
    }

    internal async Task RenewAsync() => await new HistoryProcess(_model, new Random(1), _ => Task.CompletedTask)
    {
        Cluster = await ClusterOfAsync(new SimulatedStore(Storage), isWriter: true),
    }.RenewAsync();

    internal Task CollectAsync() => CollectAsync(new SimulatedStore(Storage));

    /// <summary>One run of a collection: each list goes on by one step.</summary>
    internal async Task CollectAsync(SimulatedStore store)
    {
        var collection = new Collection(await ClusterOfAsync(store, isWriter: false), Margins);
        await collection.ApplyAsync(await collection.PlanAsync(default), default);
    }

    internal async Task ExpireAllButLastAsync(int kept = 1)
    {
        foreach (var backup in (await BackupCatalog.ListAsync(Cluster, default)).Backups.SkipLast(kept))
        {
            _model.Expire(backup.Id);
            await BackupCatalog.ExpireAsync(
                Cluster, backup.Lineage, new TombstoneRecord(backup.Id, "test", Clock.GetUtcNow()), default);
        }
    }

    internal async Task<IReadOnlyCollection<Id128>> PacksAsync() =>
        (await ClusterObjects.ListAsync(Cluster, default)).Packs.Keys;

    internal Task RequireReadableAsync() => _model.RequireReadableAsync(_sabotage switch
    {
        Sabotage.CompletionIsNotAsked => new LyingStore(Storage.Memory, _sabotage, Clock),
        Sabotage.TheNewestVersionWins => Storage.Memory,
        _ => null,
    });

    internal Task RequireReadableAsync(BackupManifest backup) => _model.RequireReadableAsync(Cluster, backup);

    private async Task<Cluster> ClusterOfAsync(SimulatedStore store, bool isWriter)
    {
        if (_terms is not null)
        {
            var locked = await RepositoryRoot.OpenAsync(
                HistoryLocks.StoresOf(store, Clock, Lying), secret: null, Clock, default);
            return await Cluster.OpenAsync(locked, "main", default);
        }

        var lies = _sabotage.Concerns(isWriter);
        TimeProvider time = lies && isWriter ? new DrowsyClock(Clock) : Clock;
        var root = await RepositoryRoot.OpenAsync(
            lies ? new LyingStore(store, _sabotage, Clock) : store, secret: null, time, default);
        return await Cluster.OpenAsync(root, "main", default);
    }

    /// <summary>Extends what it is not sabotaged to leave.</summary>
    private IObjectStore Lying(IObjectStore store) => store.Locks is null ? store : _sabotage switch
    {
        Sabotage.RenewalsExtendNothing or Sabotage.BackupsDoNotRenew => new LyingLocks(store, static _ => new(true)),
        Sabotage.RenewalsLeaveOutWhatListsName => new LyingLocks(store, async name =>
            (await CondemnedLists.LoadAsync(Cluster, default)).Names.Any(
                listed => name.Value == ObjectNames.ClusterRoot(Cluster.Name) + listed)),
        _ => store,
    };

    /// <summary>What a test began and holds.</summary>
    internal sealed class Sleeper(Task asleep, TaskCompletionSource woken, Task run)
    {
        /// <summary>Ends when it has fallen asleep; what ended before says why.</summary>
        internal Task Asleep => WaitAsync();

        /// <summary>Goes on to its end, which may be that it was refused or died: nothing was promised then.</summary>
        internal async Task WakeAsync()
        {
            woken.SetResult();
            try
            {
                await run;
            }
            catch (Exception failure) when (failure is LifeboatException or SimulatedCrashException)
            {
                // Told or dead.
            }
        }

        private async Task WaitAsync()
        {
            await Task.WhenAny(asleep, run);
            if (!asleep.IsCompleted)
            {
                await run;
                throw new InvalidOperationException("it never came to the request before which it was to sleep");
            }
        }
    }
}
