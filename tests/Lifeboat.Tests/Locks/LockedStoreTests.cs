using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Simulation;
using Xunit;

namespace Lifeboat.Tests.Locks;

/// <summary>What is locked, and what a reader is shown of it.</summary>
public sealed class LockedStoreTests
{
    private static readonly ObjectName s_name = new("clusters/main/packs/one");
    private static readonly ObjectName s_lease = new("clusters/main/leases/one/00000000");

    [Fact]
    public void Whatever_is_put_is_locked_for_the_duration_and_one_to_two_epochs()
    {
        var terms = LockedWorld.ThirtyDays;
        var begin = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var hours = 0; hours < 24 * 60; hours++)
        {
            var now = begin.AddHours(hours);
            var until = terms.UntilFrom(now);
            Assert.InRange(until - now, terms.Duration + terms.Epoch, terms.Duration + (terms.Epoch * 2));
            Assert.True(terms.SurelyUntil(now) >= now + terms.Duration);
            Assert.False(terms.IsDue(now, now - terms.Epoch));
            Assert.True(terms.IsDue(now, now + terms.Epoch));
        }

        Assert.Equal(terms, LockTerms.TryParse(terms.ToString()));
        Assert.Null(LockTerms.TryParse("object-lock:governance:0"));
        Assert.Null(LockTerms.TryParse("object-lock:other:86400"));
        Assert.Null(LockTerms.TryParse("another-feature"));
    }

    [Fact]
    public async Task Every_object_of_a_backup_is_locked_by_its_own_put_and_housekeeping_is_not()
    {
        var world = await LockedWorld.CreateAsync();
        var backup = await world.BackupAsync(1);
        await world.Builder.SegmentAsync(0x20);
        await world.Builder.ExpireAsync(backup);
        await world.Store.PutAsync(s_lease, new byte[1], PutCondition.IfAbsent, default);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var facts in await world.VersionsAsync())
        {
            var isLocked = await world.UntilAsync(facts) == world.Terms.UntilFrom(world.Clock.GetUtcNow());
            Assert.Equal(LockedNames.Covers(facts.Name), isLocked);
            kinds.Add(isLocked ? facts.Name.Value.Split('/')[^1].Split('-')[0] : "unlocked");
        }

        Assert.Contains("unlocked", kinds);
        Assert.Contains("manifest", kinds);
    }

    [Fact]
    public async Task A_writer_who_overwrites_and_deletes_everything_hides_and_changes_nothing()
    {
        var world = await LockedWorld.CreateAsync();
        var backup = await world.BackupAsync(1);
        await world.OverwriteAndDeleteAllAsync();

        // A process that has seen nothing of it before.
        var repository = await world.OpenAsync();
        Assert.Equal(world.Terms, repository.Terms);
        var cluster = await Lifeboat.Repository.Clusters.Cluster.OpenAsync(repository, "main", default);
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, default);
        Assert.Equal(backup.Id, Assert.Single(backups).Id);
        Assert.Empty(damage);
        var report = await RepositoryCheck.RunAsync(repository, new CheckOptions { ReadData = true }, progress: null, default);
        Assert.DoesNotContain(report.Findings, finding =>
            finding.Severity != FindingSeverity.Information && !finding.Object.Contains("/wal/", StringComparison.Ordinal));
        Assert.True(report.BytesRead > 0);
    }

    [Fact]
    public async Task A_record_that_says_that_nothing_is_locked_is_not_believed_over_the_first()
    {
        var world = await LockedWorld.CreateAsync();
        var other = await Lifeboat.Tests.Repository.RepositoryBuilder.CreateAsync(time: world.Clock);
        var name = new ObjectName("lifeboat-repository");
        var forged = new byte[4096];
        var length = await other.Store.ReadAsync(name, 0, forged, default);
        await world.Versions.PutAsync(name, forged.AsMemory(0, length), PutCondition.Overwrite, default);
        Assert.Equal(world.Terms, (await world.OpenAsync()).Terms);
        await world.Versions.DeleteAsync(name, default);
        Assert.Equal(world.Terms, (await world.OpenAsync()).Terms);
    }

    [Fact]
    public async Task What_is_there_is_not_taken_for_absent_behind_a_deletion_marker()
    {
        var world = await LockedWorld.CreateAsync();
        await world.Store.PutAsync(s_name, "first"u8.ToArray(), PutCondition.IfAbsent, default);
        await world.Versions.DeleteAsync(s_name, default);
        Assert.Equal(
            PutOutcome.AlreadyExists,
            await world.Store.PutAsync(s_name, "second"u8.ToArray(), PutCondition.IfAbsent, default));
        await using var writer = await world.Store.CreateAsync(s_name, default);
        await writer.WriteAsync("third"u8.ToArray(), default);
        Assert.Equal(PutOutcome.AlreadyExists, await writer.CompleteAsync(PutCondition.IfAbsent, default));
        var read = new byte[10];
        Assert.Equal(5, await world.Store.ReadAsync(s_name, 0, read, default));
        Assert.Equal("first"u8, read.AsSpan(0, 5));
        Assert.Contains("packs/", await world.Store.ListChildrenAsync("clusters/main/", default));
    }

    [Fact]
    public async Task Deleting_is_refused_until_the_lock_ends_and_then_leaves_no_version()
    {
        var world = await LockedWorld.CreateAsync();
        await world.Store.PutAsync(s_name, "first"u8.ToArray(), PutCondition.IfAbsent, default);
        await world.Versions.PutAsync(s_name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
        var refused = await Assert.ThrowsAsync<ObjectStoreException>(() => world.Store.DeleteAsync(s_name, default).AsTask());
        Assert.Equal(ErrorCode.Denied, refused.Code);
        Assert.Contains("locked until", refused.Failure.Cause, StringComparison.Ordinal);
        Assert.Equal(2, (await world.VersionsAsync(s_name.Value)).Count);
        Assert.NotNull(await world.Store.LockedUntilAsync(s_name, default));

        world.Clock.Advance(world.Terms.Duration + (world.Terms.Epoch * 2));
        await world.Store.DeleteAsync(s_name, default);
        Assert.Empty(await world.VersionsAsync(s_name.Value));
        Assert.Null(await world.Store.StatAsync(s_name, default));
    }

    [Fact]
    public async Task A_process_is_shown_what_it_put_where_listings_of_versions_lag()
    {
        var storage = new SimulatedStorage(1, new VirtualClock(), versions: true) { Lag = TimeSpan.FromHours(1) };
        using var store = new LockedStore(
            new SimulatedStore(storage), LockedNames.Covers, LockedWorld.ThirtyDays, storage.Clock);
        var text = new byte[10];
        await store.PutAsync(s_name, "first"u8.ToArray(), PutCondition.IfAbsent, default);
        Assert.Empty(await store.ListVersionsAsync("", default).ToListAsync());
        Assert.Equal(5, (await store.StatAsync(s_name, default))?.Size);
        Assert.Equal(5, await store.ReadAsync(s_name, 0, text, default));
        Assert.Equal(
            PutOutcome.AlreadyExists,
            await store.PutAsync(s_name, "second"u8.ToArray(), PutCondition.IfAbsent, default));

        // And what others put over it meanwhile is not remembered for the first.
        await new SimulatedStore(storage).PutAsync(s_name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
        await store.ReadAsync(s_name, 0, text, default);
        storage.Clock.Advance(storage.Lag);
        Assert.Equal(5, await store.ReadAsync(s_name, 0, text, default));
        Assert.Equal("first"u8, text.AsSpan(0, 5));
    }

    [Fact]
    public async Task A_lock_is_made_up_for_when_epochs_end_during_an_upload()
    {
        var world = await LockedWorld.CreateAsync();
        await using var writer = await world.Store.CreateAsync(s_name, default);
        await writer.WriteAsync("first"u8.ToArray(), default);
        world.Clock.Advance(world.Terms.Epoch * 3);
        await writer.CompleteAsync(PutCondition.IfAbsent, default);
        Assert.Equal(
            world.Terms.UntilFrom(world.Clock.GetUtcNow()), await world.UntilAsync((await world.VersionsAsync(s_name.Value))[0]));
    }

    [Fact]
    public async Task What_a_writer_without_the_right_left_of_housekeeping_is_cleared_and_nothing_else()
    {
        var world = await LockedWorld.CreateAsync();
        var again = new ObjectName("clusters/main/leases/two/00000000");
        foreach (var name in (ObjectName[])[s_lease, again, s_name])
        {
            await world.Store.PutAsync(name, new byte[1], PutCondition.IfAbsent, default);
            await world.Versions.DeleteAsync(name, default);
        }

        await world.Store.PutAsync(again, new byte[2], PutCondition.IfAbsent, default);
        var before = world.Clock.GetUtcNow();
        Assert.Equal(0, await world.Store.ClearAsync("clusters/main/", before, default));
        Assert.Equal(2, await world.Store.ClearAsync("clusters/main/", before.AddSeconds(1), default));
        Assert.Empty(await world.VersionsAsync(s_lease.Value));
        Assert.Equal(2, (await world.Store.StatAsync(again, default))?.Size);
        Assert.Equal(1, (await world.Store.StatAsync(s_name, default))?.Size);
    }

    [Fact]
    public async Task Housekeeping_is_deleted_at_once_with_all_that_was_left_of_it()
    {
        var world = await LockedWorld.CreateAsync();
        await world.Store.PutAsync(s_lease, new byte[1], PutCondition.IfAbsent, default);
        await world.Store.DeleteAsync(s_lease, default);
        Assert.Null(await world.Store.StatAsync(s_lease, default));
        Assert.Empty(await world.VersionsAsync(s_lease.Value));
    }
}
