using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Maps;
using Lifeboat.Storage;
using Lifeboat.Testing.Simulation;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>Collection step by step, in virtual time.</summary>
public sealed class CollectionTests
{
    private readonly VirtualClock _clock = new();
    private readonly SimulatedStorage _storage;
    private readonly HistoryModel _model;

    public CollectionTests()
    {
        _storage = new SimulatedStorage(1, _clock);
        _model = new HistoryModel(_storage, _clock);
    }

    [Fact]
    public async Task Behind_a_collection_a_check_finds_nothing_and_the_index_is_small()
    {
        var cluster = await OpenAsync();
        for (var number = 0; number < 11; number++)
        {
            await BackUpAsync(number);
        }

        // What an older run of its map says and a newer one hides would stay too: the last one has its own alone.
        await BackUpAsync(11, isFull: true);

        await ExpireAllButLastAsync();
        for (var step = 0; step < 12; step++)
        {
            _clock.Advance(TimeSpan.FromDays(2));
            var collection = new Collection(cluster, CollectionMargins.Usual with { MostGonePacks = 2 });
            await collection.ApplyAsync(await collection.PlanAsync(default), default);
        }

        await _model.RequireReadableAsync();
        var report = await RepositoryCheck.RunAsync(
            cluster.Repository, new CheckOptions { ReadData = true }, progress: null, default);

        // These backups have no WAL.
        Assert.DoesNotContain(report.Findings, finding => !finding.Object.Contains("/wal/", StringComparison.Ordinal));
        var objects = await ClusterObjects.ListAsync(cluster, default);
        Assert.Single(objects.Index);
        Assert.Equal(
            Assert.Single((await BackupCatalog.ListAsync(cluster, default)).Backups).MapRuns.Order(),
            objects.Maps.Keys.Order());
    }

    [Fact]
    public async Task The_last_backup_is_not_removed_whoever_expired_it()
    {
        var cluster = await OpenAsync();
        await BackUpAsync(1);
        foreach (var backup in (await BackupCatalog.ListAsync(cluster, default)).Backups)
        {
            await BackupCatalog.ExpireAsync(
                cluster, backup.Lineage, new TombstoneRecord(backup.Id, "by mistake", _clock.GetUtcNow()), default);
        }

        _clock.Advance(TimeSpan.FromDays(5));
        var plan = await new Collection(cluster).PlanAsync(default);
        Assert.Empty(plan.Condemn);
        Assert.Contains("last ones", Assert.Single(plan.Doubts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task I14_a_writer_that_wakes_too_late_puts_no_completion()
    {
        var cluster = await OpenAsync();
        var store = new SimulatedStore(_storage)
        {
            Before = (kind, name) =>
            {
                if (kind == "put" && name.EndsWith("/manifest", StringComparison.Ordinal))
                {
                    _clock.Advance(TimeSpan.FromHours(3));
                }

                return Task.CompletedTask;
            },
        };
        var failure = await Assert.ThrowsAnyAsync<LifeboatException>(() => BackUpAsync(1, store));
        Assert.Equal(ErrorCode.Conflict, failure.Code);
        var listing = await BackupListing.LoadAsync(cluster, withNotes: false, default);
        Assert.Empty(listing.Backups);
        Assert.Single(listing.Unfinished);
    }

    [Fact]
    public async Task What_expires_while_somebody_is_at_work_who_may_rely_on_it_stays_until_he_has_ended()
    {
        var cluster = await OpenAsync();
        await BackUpAsync(1);
        await BackUpAsync(2);
        await using var writer = await Lease.TakeAsync(cluster, LeasePurpose.Write, default);
        await ExpireAllButLastAsync();
        for (var slept = 0; slept < 60; slept++)
        {
            _clock.Advance(TimeSpan.FromMinutes(30));
            await writer.RenewAsync(default);
        }

        Assert.Empty((await new Collection(cluster).PlanAsync(default)).Condemn);
        await writer.EndAsync(default);
        Assert.NotEmpty((await new Collection(cluster).PlanAsync(default)).Condemn);
    }

    [Fact]
    public async Task I15_a_list_waits_for_leases_that_began_before_it_and_not_for_later_ones()
    {
        var cluster = await OpenAsync();
        await BackUpAsync(1);
        await BackUpAsync(2);
        await ExpireAllButLastAsync();
        _clock.Advance(TimeSpan.FromDays(3));
        var collection = new Collection(cluster);
        await using var reader = await Lease.TakeAsync(cluster, LeasePurpose.Read, default);
        await collection.ApplyAsync(await collection.PlanAsync(default), default);
        _clock.Advance(TimeSpan.FromMinutes(40));
        await reader.RenewAsync(default);
        var waits = await collection.PlanAsync(default);
        Assert.Empty(waits.Clear);
        Assert.Contains("at work", Assert.Single(waits.Waits).Why, StringComparison.Ordinal);

        await reader.EndAsync(default);
        await using var later = await Lease.TakeAsync(cluster, LeasePurpose.Read, default);
        Assert.Single((await collection.PlanAsync(default)).Clear);
    }

    [Fact]
    public void Frames_of_patches_and_of_overlays_over_nothing_are_needed_too()
    {
        var (below, above) = (Id128.NewRandom(), Id128.NewRandom());
        var overlay = new Overlay(1, new FrameReference(above), 0);
        var patch = ExtentEntry.Patch(0, 8192, new byte[20], overlay);
        Assert.Equal([above], new MapEntry([1], patch, null, false).FrameIds);
        var over = new ExtentEntry(0, 8192, default, new byte[20], null, 0, [overlay]);
        Assert.Equal([above], new MapEntry([1], over, null, false).FrameIds);
        var both = over with { Base = new FrameReference(below) };
        Assert.Equal([above, below], new MapEntry([1], both, null, false).FrameIds);
    }

    [Fact]
    public async Task I16_what_may_be_a_backup_of_an_unknown_kind_stops_everything()
    {
        var cluster = await OpenAsync();
        await _storage.Memory.PutAsync(
            new ObjectName($"clusters/main/lineages/{cluster.FirstLineage}/backups/some-other-id/manifest"),
            new byte[10],
            PutCondition.IfAbsent,
            default);
        Assert.Single((await new Collection(cluster).PlanAsync(default)).Doubts);
    }

    private async Task BackUpAsync(int seed, SimulatedStore? store = null, bool isFull = false)
    {
        var process = new HistoryProcess(_model, new Random(seed), time =>
        {
            _clock.Advance(time);
            return Task.CompletedTask;
        })
        {
            Cluster = store is null
                ? _model.Cluster
                : await Cluster.OpenAsync(
                    await RepositoryRoot.OpenAsync(store, secret: null, _clock, default), "main", default),
        };
        await (isFull ? process.BackUpAsync(onParent: false, _ => process.Files(3), renewals: 0) : process.BackUpAsync());
        _clock.Advance(TimeSpan.FromMinutes(1));
    }

    private async Task ExpireAllButLastAsync()
    {
        foreach (var backup in (await BackupCatalog.ListAsync(_model.Cluster, default)).Backups.SkipLast(1))
        {
            _model.Expire(backup.Id);
            await BackupCatalog.ExpireAsync(
                _model.Cluster, backup.Lineage, new TombstoneRecord(backup.Id, "test", _clock.GetUtcNow()), default);
        }
    }

    private async Task<Cluster> OpenAsync() =>
        _model.Cluster = await CollectionHistory.CreateAsync(_storage.Memory, _clock);
}
