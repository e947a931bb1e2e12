using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Locks;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Simulation;

namespace Lifeboat.Tests.Collect;

/// <summary>
/// One random history: hosts back up, push, expire, restore and collect in one repository, die at any request, are suspended
/// for minutes or weeks at the worst moments, and see listings that lag; clocks jump. <see cref="HistoryModel"/> says what
/// must hold, and is asked between requests.
/// </summary>
internal sealed partial class CollectionHistory
{
    private const int Hosts = 3;

    private readonly Random _random;
    private readonly VirtualClock _clock = new();
    private readonly SimulatedStorage _storage;
    private readonly SimulatedProcesses _processes;
    private readonly HistoryModel _model;
    private readonly TimeSpan[] _skews = new TimeSpan[Hosts];
    private readonly Sabotage _sabotage;
    private readonly bool _storeJumps;
    private readonly LockTerms? _terms;
    private readonly TimeSpan _length;
    private long _looked = -1;
    private DateTimeOffset _nextLook;

    private CollectionHistory(int seed, Sabotage sabotage)
    {
        _random = new Random(seed);
        _sabotage = sabotage;
        _terms = (_random.Next(3) == 0 && sabotage == Sabotage.None) || sabotage.IsOfLocks()
            ? new LockTerms((LockMode)_random.Next(2), TimeSpan.FromDays(1 << _random.Next(1, 4)))
            : null;
        _length = TimeSpan.FromDays(_random.Next(4) == 0 ? 60 : 9);
        _storeJumps = _random.Next(4) == 0;
        _storage = new SimulatedStorage(seed, _clock, createIfAbsent: _random.Next(4) > 0, versions: _terms is not null)
        {
            Lag = TimeSpan.FromMinutes(_random.Next(3) * 3),
            Latency = TimeSpan.FromMilliseconds(_random.Next(100, 3000)),
            ReadsLag = _random.Next(3) == 0,
        };
        _model = new HistoryModel(_storage, _clock)
        {
            DatesAreTrue = !_storeJumps,
            Locks = _terms is { } terms ? new HistoryLocks(_storage.Memory, terms, _clock) : null,
        };
        _processes = new SimulatedProcesses(_clock, _random) { Between = LookAsync };
        for (var host = 0; host < Hosts && !_storeJumps; host++)
        {
            _skews[host] = Skew(TimeSpan.FromHours(48));
        }
    }

    /// <summary>Backups that were read, so that a test sees that something happened.</summary>
    internal int Read => _model.Read;

    internal int Deleted { get; private set; }

    internal long Requests => _storage.Requests;

    /// <summary>0 where nothing is locked.</summary>
    internal long ComparedLocks => _model.Locks?.Compared ?? 0;

    /// <exception cref="BrokenPromiseException">A promise was broken.</exception>
    internal static async Task<CollectionHistory> RunAsync(int seed, Sabotage sabotage = Sabotage.None)
    {
        var history = new CollectionHistory(seed, sabotage);
        await history.RunAsync();
        return history;
    }

    private async Task RunAsync()
    {
        await CreateAsync(_storage.Memory, _clock.Skewed(() => _skews[0]), _terms);
        _model.Cluster = await OpenAsync(_storage.Memory, _clock.Skewed(() => _skews[0]));
        var days = (int)_length.TotalDays;
        for (var number = 0; number < Math.Min(days * 2, 26); number++)
        {
            Start("backup", process => process.BackUpAsync());
        }

        for (var number = 0; number < Math.Min(days, 14); number++)
        {
            Start("expire", process => process.ExpireAsync());
            Start("push", process => process.PushAsync());
            Start("restore", process => process.RestoreAsync());
        }

        for (var number = 0; number < Math.Min(days * 2, 30); number++)
        {
            Start("collect", process => process.CollectAsync(_sabotage.Margins()));
        }

        if (_terms is not null)
        {
            StartRenewals(days);
            StartThief();
        }

        for (var jumps = _random.Next(4); jumps > 0; jumps--)
        {
            _processes.Start(_length * _random.NextDouble(), (_, _) => JumpAsync());
        }

        await _processes.RunAsync();
        _storage.ReadsLag = false;
        await LookAsync(force: true);
        await RequireGivenBackAsync();
    }

    private void Start(string what, Func<HistoryProcess, Task> run)
    {
        var host = _random.Next(Hosts);
        var seed = _random.Next();
        _processes.Start(_length * _random.NextDouble(), async (turn, sleep) =>
        {
            var random = new Random(seed);
            var store = new SimulatedStore(_storage, turn)
            {
                CrashAt = random.Next(8) == 0 ? random.Next(1, 80) : null,
                CrashBehind = random.Next(2) == 0,
            };
            var isWriter = what == "backup";
            var time = _clock.Skewed(() => _skews[host]);
            var lies = _sabotage.Concerns(isWriter);
            var seen = lies && isWriter ? new DrowsyClock(time) : time;
            var process = new HistoryProcess(_model, random, sleep);
            process.Suspend(store, what, _length);
            try
            {
                process.Cluster = await OpenAsync(
                    store, seen, same => lies ? new LyingStore(same, _sabotage, time) : same);
                await run(process);
            }
            catch (SimulatedCrashException)
            {
                // What it leaves behind is what the test is about.
            }
            catch (Exception failure) when (failure is LifeboatException or OperationCanceledException)
            {
                // It said so, and nothing was promised. But a writer that was awake has no reason to.
                // A collection may meet what another one has just deleted and a listing still shows: it says so, and comes again.
                if ((isWriter || what == "renew" || (_terms is not null && what == "collect" && failure is not ObjectNotFoundException))
                    && !process.Slept && !_storeJumps && !_storage.ReadsLag)
                {
                    throw new BrokenPromiseException($"a {what} failed for nothing: {failure}");
                }
            }
        });
    }

    private Task LookAsync() => LookAsync(force: false);

    /// <summary>Whenever something was deleted, or hours have passed.</summary>
    private async Task LookAsync(bool force)
    {
        var now = _clock.GetUtcNow();
        if (!force && _storage.Deleted.Count == 0 && now < _nextLook)
        {
            return;
        }

        if (force || now >= _nextLook || _looked != _storage.Deletions)
        {
            Deleted += _storage.Deleted.Count;
            _model.RequireOldDeletions();
            if (force || now >= _nextLook || _random.Next(20) == 0)
            {
                await _model.RequireReadableAsync(
                    _sabotage == Sabotage.CompletionIsNotAsked
                        ? new LyingStore(_storage.Memory, _sabotage, _clock)
                        : null);
                _nextLook = now.AddHours(8);
            }

            _looked = _storage.Deletions;
        }
    }

    /// <summary>One clock jumps, and may come back: the store's or a host's.</summary>
    private Task JumpAsync()
    {
        var by = Skew(TimeSpan.FromHours(72));
        if (_storeJumps)
        {
            _storage.Skew = _terms is null ? _storage.Skew + by : by;
        }
        else
        {
            var host = _random.Next(Hosts);
            _skews[host] = _terms is null ? _skews[host] + by : by;
        }

        return Task.CompletedTask;
    }

    /// <summary>A store that locks refuses who is further away, so that no lock is shorter by more.</summary>
    private TimeSpan Skew(TimeSpan most) =>
        (_terms is null ? most : HistoryLocks.MostSkew / 2) * ((2 * _random.NextDouble()) - 1);

    /// <summary>Behind all margins, nothing is there that no backup reaches, and nothing of the collection itself.</summary>
    private async Task RequireGivenBackAsync()
    {
        var cluster = _model.Cluster;

        // What goes is locked until then, and what goes by a later list once more.
        var nights = _terms is null ? 14 : 45;
        for (var run = 0; run < nights + 8; run++)
        {
            _clock.Advance(TimeSpan.FromDays(run < nights ? 2 : 10));
            if (_terms is not null)
            {
                await LockRenewal.RunAsync(cluster, default);
            }

            var collection = new Collection(cluster, _sabotage.Margins());
            var plan = await collection.PlanAsync(default);

            // A manifest that was put too late is in doubt until it is old, and the store's clock may have gone back by days.
            if (plan.Doubts.Count > 0 && run >= 7)
            {
                throw new BrokenPromiseException($"never certain: {plan.Doubts[0]}");
            }

            await collection.ApplyAsync(plan, default);
        }

        await LookAsync(force: true);
        var backups = (await BackupListing.LoadAsync(cluster, withNotes: false, default)).Backups;
        var objects = await ClusterObjects.ListAsync(cluster, default);
        var condemned = (await CondemnedLists.LoadAsync(cluster, default)).Names;
        var homes = new FrameHomes(
            pack => condemned.Contains(objects.RelativeName(ObjectNames.Pack(cluster.Name, pack))), static _ => true);
        var mark = new CollectionMark(cluster, objects, homes);
        await mark.RunAsync(backups.SelectMany(backup => backup.MapRuns), static _ => true, default);
        var folders = objects.Lineages.Values.SelectMany(items => items).Where(item => item.Parts[0] == "backups")
            .Select(item => item.Parts[1]).ToHashSet(StringComparer.Ordinal);

        // A list is kept as long as something that it names is needed.
        var living = (await CondemnedLists.LoadAsync(cluster, default)).Lists
            .Where(list => list.Names.Any(objects.Contains)).Select(list => list.Id.ToString()).ToHashSet();
        var left = new List<string>();
        await foreach (var facts in cluster.Store.ListAsync("clusters/main/", default))
        {
            if (facts.Name.Value.Split('/') is [_, _, "leases", ..]
                || (facts.Name.Value.Split('/') is [_, _, "condemned", var list, ..] && !living.Contains(list)))
            {
                left.Add(facts.Name.Value);
            }
        }

        if (mark.Doubts.Count > 0 || objects.Maps.Count > mark.NeededMaps.Count || mark.FreePacks.Count > 0
            || mark.Index.Needless(static _ => true).Any() || folders.Count > backups.Count || left.Count > 0)
        {
            throw new BrokenPromiseException(
                $"not given back: {mark.FreePacks.Count} packs, {objects.Maps.Count - mark.NeededMaps.Count} maps, "
                + $"{mark.Index.Needless(static _ => true).Count()} index runs, {folders.Count - backups.Count} folders, "
                + $"lists and leases: {string.Join(", ", left)}; {string.Join(", ", mark.Doubts)}");
        }

        await RequireNoVersionsAsync();
    }

    /// <summary>A repository with one cluster, and a server that is bound to it.</summary>
    /// <param name="terms">Null: nothing is locked.</param>
    internal static async Task<Cluster> CreateAsync(ILockableStore store, TimeProvider time, LockTerms? terms = null)
    {
        var (made, _) = await RepositoryRoot.InitAsync(
            terms is null ? RepositoryStores.Of(store) : HistoryLocks.StoresOf(store, time), secret: null, terms, time, default);
        var (cluster, _) = await Cluster.CreateAsync(made, "main", default);
        await LineageCatalog.BindAsync(
            cluster,
            new LineageRecord(cluster.FirstLineage, "1", HistoryProcess.SegmentSize, 17, Parent: null),
            default);
        return cluster;
    }
}
