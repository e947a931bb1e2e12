using Lifeboat.Repository;
using Lifeboat.Repository.Check.Immutable;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Locks;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Xunit;

namespace Lifeboat.Tests.Locks;

/// <summary>Locks are renewed once in each epoch, and what is condemned is let go of when its lock ends.</summary>
public sealed class LockRenewalTests
{
    [Fact]
    public async Task At_any_time_of_a_year_what_is_needed_is_locked_for_the_duration_and_renewed_once_in_an_epoch()
    {
        var world = await LockedWorld.CreateAsync();
        var backup = await world.BackupAsync(1);
        var (extended, objects) = (0L, 0L);
        for (var day = 1; day <= 365; day++)
        {
            world.Clock.Advance(TimeSpan.FromDays(1));
            var report = await LockRenewal.RunAsync(world.Cluster, default);
            Assert.Empty(report.Failures);
            (extended, objects) = (extended + report.Extended, report.Objects);
            var now = world.Clock.GetUtcNow();
            foreach (var facts in (await world.VersionsAsync()).Where(facts => !IsRenewal(facts)))
            {
                Assert.True(await world.UntilAsync(facts) >= now + world.Terms.Duration, $"{facts.Name} on day {day}");
            }

            var outlook = (await LockOutlook.ReadAsync(world.Cluster, default)).Of(backup);
            Assert.True(outlook >= now + world.Terms.Duration - world.Terms.Epoch);
            Assert.True(outlook <= report.Until);
        }

        // 365 days are 48 epochs and two thirds.
        Assert.InRange(extended, 48 * objects, 49 * objects);
    }

    [Fact]
    public async Task A_backup_renews_when_nobody_has_in_this_epoch()
    {
        var world = await LockedWorld.CreateAsync();
        await world.BackupAsync(1);
        world.Clock.Advance(world.Terms.Duration);
        await LockRenewal.EnsureAsync(world.Cluster, default);
        foreach (var facts in (await world.VersionsAsync()).Where(facts => !IsRenewal(facts)))
        {
            Assert.Equal(world.Terms.UntilFrom(world.Clock.GetUtcNow()), await world.UntilAsync(facts));
        }
    }

    [Fact]
    public async Task A_record_of_a_renewal_that_never_was_is_found_out()
    {
        var world = await LockedWorld.CreateAsync();
        await world.BackupAsync(1);
        world.Clock.Advance(world.Terms.Epoch * 2);

        // Sealed by the key that a writer has.
        var now = world.Clock.GetUtcNow();
        await Lifeboat.Repository.Containers.Documents.PutAsync(
            world.Store,
            ObjectNames.Renewal("main", world.Terms.EpochOf(now)),
            Lifeboat.Repository.Containers.ContainerKind.Renewal,
            world.Cluster.DataKey,
            RepositoryJson.Default.RenewalRecord,
            new RenewalRecord(world.Terms.EpochOf(now), world.Terms.UntilFrom(now), 0, 0, "attacker", now),
            now,
            default);
        var report = await LockRenewal.RunAsync(world.Cluster, default);
        Assert.True(report.Renewed);
        Assert.Equal(report.Objects, report.Extended);
    }

    [Fact]
    public async Task What_is_locked_for_longer_already_counts_as_renewed()
    {
        var world = await LockedWorld.CreateAsync();
        await world.BackupAsync(1);
        world.Clock.Advance(world.Terms.Epoch * 2);
        var pack = (await world.VersionsAsync("clusters/main/packs/"))[0];

        await world.Versions.WriteRetentionAsync(
            new ObjectVersion(pack.Name, pack.Version!),
            new ObjectRetention(LockMode.Compliance, world.Clock.GetUtcNow().AddYears(5)),
            bypass: false,
            default);
        Assert.Empty((await LockRenewal.RunAsync(world.Cluster, default)).Failures);
        Assert.NotNull(await LockRenewal.LatestAsync(world.Cluster, default));
    }

    [Fact]
    public async Task What_expired_is_kept_as_long_as_it_is_locked_and_gone_with_all_versions_behind_that()
    {
        var world = await LockedWorld.CreateAsync();
        var first = await world.BackupAsync(1);
        var second = await world.BackupAsync(100);
        await world.Builder.ExpireAsync(first);
        var collection = new Collection(world.Cluster);
        var before = await world.VersionsAsync("clusters/main/maps/");
        string? why = null;
        for (var day = 1; day <= 60; day++)
        {
            world.Clock.Advance(TimeSpan.FromDays(1));
            await LockRenewal.RunAsync(world.Cluster, default);
            var plan = await collection.PlanAsync(default);
            Assert.Empty(plan.Doubts);
            await collection.ApplyAsync(plan, default);
            why = plan.Waits.Select(wait => wait.Why).FirstOrDefault(
                text => text.Contains("locked", StringComparison.Ordinal)) ?? why;
            foreach (var name in plan.Sweep.SelectMany(sweep => sweep.Delete))
            {
                Assert.True(day > 30, $"{name.Name} on day {day}");
            }

            if (day < 30)
            {
                Assert.Equal(before.Count, (await world.VersionsAsync("clusters/main/maps/")).Count);
            }
        }

        Assert.NotNull(why);
        var after = await world.VersionsAsync("clusters/main/");
        Assert.DoesNotContain(after, facts => facts.Name.Value.Contains(first.Id, StringComparison.Ordinal));
        Assert.Contains(after, facts => facts.Name.Value.Contains(second.Id, StringComparison.Ordinal));
        Assert.True(after.Count(facts => facts.Name.Value.Contains("/maps/", StringComparison.Ordinal)) < before.Count);
        var check = await ImmutabilityCheck.RunAsync(await world.OpenAsync(), cluster: null, 100, default);
        Assert.Empty(check.Findings);
    }

    [Fact]
    public async Task What_comes_back_because_its_tombstone_was_false_is_locked_again_by_the_next_collection()
    {
        var world = await LockedWorld.CreateAsync();
        var first = await world.BackupAsync(1);
        await world.BackupAsync(100);
        await world.Builder.ExpireAsync(first);
        var collection = new Collection(world.Cluster);
        for (var day = 1; day <= 60; day++)
        {
            world.Clock.Advance(TimeSpan.FromDays(1));
            if (day == 25)
            {
                await Lifeboat.Repository.Backups.BackupCatalog.WithdrawAsync(world.Cluster, first.Lineage, first.Id, default);
            }

            var plan = await collection.PlanAsync(default);
            Assert.Empty(plan.Doubts);
            await collection.ApplyAsync(plan, default);
            await LockRenewal.RunAsync(world.Cluster, default);
            foreach (var facts in (await world.VersionsAsync($"clusters/main/lineages/{first.Lineage}/backups/{first.Id}/"))
                .Where(facts => day >= 25 && facts.Name.LastPart == "manifest"))
            {
                Assert.True(
                    await world.UntilAsync(facts) >= world.Clock.GetUtcNow() + world.Terms.Duration, $"{facts.Name} on day {day}");
            }
        }

        var (backups, damage) = await Lifeboat.Repository.Backups.BackupCatalog.ListAsync(world.Cluster, default);
        Assert.Empty(damage);
        Assert.Equal(2, backups.Count);
    }

    private static bool IsRenewal(ObjectFacts facts) => facts.Name.Value.Contains("/renewals/", StringComparison.Ordinal);
}
