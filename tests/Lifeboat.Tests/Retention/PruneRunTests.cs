using Lifeboat.Engine.Retention;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Retention;

/// <summary>Plans against a repository: what is put, what stops it, and what happens when others work at the same
/// time.</summary>
public sealed class PruneRunTests
{
    [Fact]
    public async Task A_plan_expires_what_it_names_and_says_why_and_nothing_is_deleted()
    {
        var scenario = await PruneScenario.CreateAsync();
        var before = await scenario.ObjectsAsync();
        var plan = await scenario.ApplyAsync(Policies.Of("last=2"));

        Assert.Equal(scenario.Backups.Take(3).Select(backup => backup.Id), plan.Remove.Select(decision => decision.Backup.Id));
        Assert.Equal(scenario.Backups.Skip(3).Select(backup => backup.Id), await scenario.ListedAsync());
        var listing = await BackupListing.LoadAsync(scenario.Cluster, withNotes: true, default);
        Assert.Equal(3, listing.Expired.Count);
        Assert.All(listing.Expired, expired => Assert.Equal(plan.Id, expired.Record.Plan));
        Assert.Equal("last=2: 4 backups are newer", listing.Expired[0].Record.Reason);
        Assert.Subset((await scenario.ObjectsAsync()).ToHashSet(), before.ToHashSet());
        Assert.True((await scenario.Prune(Policies.Of("last=2")).PlanAsync(default)).Plan.IsEmpty);
    }

    [Fact]
    public async Task W15_expired_wal_counts_as_not_archived_and_is_no_gap_before_and_after_it_is_deleted()
    {
        var scenario = await PruneScenario.CreateAsync();
        await scenario.PinAsync(scenario.Backups[0]);
        var plan = await scenario.ApplyAsync(Policies.Of("last=1", TimeSpan.Zero));
        Assert.Equal(3, plan.Remove.Count);
        Assert.Equal(
            [("000000010000000000000022", "00000001000000000000002F")],
            plan.WalGoing.Select(range => ($"{range.First}", $"{range.Last}")));

        for (var round = 0; round < 2; round++)
        {
            var windows = await scenario.WindowsAsync();
            Assert.Empty(windows.Gaps);
            Assert.Empty(windows.Faults);
            Assert.Equal(
                [(scenario.Backups[0].Id, "0/2200000"), (scenario.Backups[4].Id, "0/3400000")],
                windows.Windows.Select(window => (Assert.Single(window.Backups), $"{window.End}")));
            var report = await RepositoryCheck.RunAsync(
                scenario.Built.Repository, new CheckOptions { ReadData = true }, progress: null, default);
            Assert.DoesNotContain(report.Findings, finding => finding.Object.Contains("/wal/", StringComparison.Ordinal));
            foreach (var number in Enumerable.Range(0x22, 0x30 - 0x22))
            {
                foreach (var item in await WalStore.FindAsync(
                    scenario.Cluster, scenario.Backups[0].Lineage, $"0000000100000000000000{number:X2}", default))
                {
                    await scenario.Memory.DeleteAsync(item.Name, default);
                }
            }
        }

        // What lacks beside it is a gap as ever.
        foreach (var item in await WalStore.FindAsync(
            scenario.Cluster, scenario.Backups[0].Lineage, "000000010000000000000031", default))
        {
            await scenario.Memory.DeleteAsync(item.Name, default);
        }

        Assert.Equal("000000010000000000000031", Assert.Single((await scenario.WindowsAsync()).Gaps).First);
    }

    [Fact]
    public async Task A_backup_that_appears_before_a_plan_is_carried_out_stops_it_and_nothing_is_done()
    {
        var scenario = await PruneScenario.CreateAsync();
        var prune = scenario.Prune(Policies.Of("last=2"));
        var (facts, plan) = await prune.PlanAsync(default);
        await scenario.BackupAsync(4);
        await ConflictAsync(scenario, "appeared", () => prune.ApplyAsync(facts, plan, default).AsTask());
    }

    [Fact]
    public async Task A_pin_that_is_set_before_a_plan_is_carried_out_stops_it_and_nothing_is_done()
    {
        var scenario = await PruneScenario.CreateAsync();
        var prune = scenario.Prune(Policies.Of("last=2"));
        var (facts, plan) = await prune.PlanAsync(default);
        await scenario.PinAsync(scenario.Backups[4]);
        await ConflictAsync(scenario, "was pinned (mine)", () => prune.ApplyAsync(facts, plan, default).AsTask());
    }

    [Fact]
    public async Task I11_of_a_pin_and_a_tombstone_put_at_once_one_sees_the_other()
    {
        var scenario = await PruneScenario.CreateAsync();
        scenario.Before(StoreOperation.Create, "/tombstone", () => scenario.PinAsync(scenario.Backups[1]).AsTask());
        await ConflictAsync(
            scenario, $"{scenario.Backups[1].Id} was pinned", () => scenario.ApplyAsync(Policies.Of("last=2")));

        await scenario.ApplyAsync(Policies.Of("last=2"));
        var late = await PruneScenario.FailureAsync(() => scenario.PinAsync(scenario.Backups[0]).AsTask());
        Assert.Equal((ErrorCode.NotFound, scenario.Backups[0].Id), (late.Code, late.Subject));
        Assert.Equal(
            [scenario.Backups[1].Id, scenario.Backups[3].Id, scenario.Backups[4].Id], await scenario.ListedAsync());
    }

    [Fact]
    public async Task I11_two_hosts_that_expire_at_once_never_leave_less_than_the_floor()
    {
        var scenario = await PruneScenario.CreateAsync(backups: 2);
        var expire = new ExpireOne(scenario.Cluster, minimum: 1, lastOfLineage: false, TimeProvider.System);
        var one = await expire.PlanAsync(scenario.Backups[0].Id, default);
        var other = await expire.PlanAsync(scenario.Backups[1].Id, default);
        await expire.ApplyAsync(one, "one", default);
        var refused = await PruneScenario.FailureAsync(() => expire.ApplyAsync(other, "other", default).AsTask());
        Assert.Equal(ErrorCode.Denied, refused.Code);
        Assert.Equal([scenario.Backups[1].Id], await scenario.ListedAsync());
    }

    [Fact]
    public async Task A_single_backup_is_expired_unless_it_is_pinned_or_the_last()
    {
        var scenario = await PruneScenario.CreateAsync(backups: 2);
        var expire = new ExpireOne(scenario.Cluster, minimum: 1, lastOfLineage: false, TimeProvider.System);
        await scenario.PinAsync(scenario.Backups[0]);
        var pinned = await PruneScenario.FailureAsync(() => expire.PlanAsync(scenario.Backups[0].Id, default).AsTask());
        Assert.Contains("it is pinned: mine", pinned.Cause, StringComparison.Ordinal);

        await expire.ApplyAsync(await expire.PlanAsync("latest", default), "wrong", default);
        Assert.Equal([scenario.Backups[0].Id], await scenario.ListedAsync());
        await scenario.BackupAsync(3);
        await scenario.ApplyAsync(Policies.Of("last=1", TimeSpan.Zero));
        var end = await PruneScenario.FailureAsync(() => expire.PlanAsync("latest", default).AsTask());
        Assert.Contains("only from it recovery comes to the end of timeline 1", end.Cause, StringComparison.Ordinal);
        var given = new ExpireOne(scenario.Cluster, minimum: 1, lastOfLineage: true, TimeProvider.System);
        await given.ApplyAsync(await given.PlanAsync("latest", default), "given up", default);
        var least = new ExpireOne(scenario.Cluster, minimum: 1, lastOfLineage: true, TimeProvider.System);
        await BackupMarks.AddAsync(
            scenario.Cluster,
            scenario.Backups[0].Lineage,
            new BackupMark(scenario.Backups[0].Id, BackupMark.OfUnpin, null, null, null, DateTimeOffset.UnixEpoch, "host"),
            default);
        var last = await PruneScenario.FailureAsync(() => least.PlanAsync("latest", default).AsTask());
        Assert.Contains("only 0 complete backups would be left", last.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_a_manifest_cannot_be_read_nothing_goes_until_it_is_let_go_of_by_name()
    {
        var scenario = await PruneScenario.CreateAsync();
        var broken = scenario.Backups[2];
        var name = BackupCatalog.NameOf(scenario.Cluster, broken).Value;
        var bytes = (await StoreCopy.ReadAsync(scenario.Memory))[name];
        bytes[200] ^= 1;
        await scenario.Memory.ReplaceAsync(name, bytes);
        var plan = await scenario.ApplyAsync(Policies.Of("last=1"));
        Assert.True(plan.IsEmpty);
        Assert.Equal(4, plan.Keep.Count);
        Assert.Contains(name, plan.Keep[0].Reasons[0], StringComparison.Ordinal);

        var expire = new ExpireOne(scenario.Cluster, minimum: 1, lastOfLineage: false, TimeProvider.System);
        await expire.ApplyAsync(await expire.PlanAsync(broken.Id, default), "lost", default);
        Assert.Equal(3, (await scenario.ApplyAsync(Policies.Of("last=1"))).Remove.Count);
    }

    [Theory]
    [InlineData(StoreOperation.List, "/backups/")]
    [InlineData(StoreOperation.List, "/wal/")]
    [InlineData(StoreOperation.List, "/expired-wal/")]
    [InlineData(StoreOperation.List, "/maps/")]
    [InlineData(StoreOperation.ListChildren, "/wal/")]
    [InlineData(StoreOperation.ListChildren, "/pieces/")]
    [InlineData(StoreOperation.ListChildren, "/lineages/")]
    public async Task A_listing_that_fails_is_an_error_and_never_an_empty_list(StoreOperation operation, string part)
    {
        var scenario = await PruneScenario.CreateAsync();
        var before = await scenario.ObjectsAsync();
        for (var at = 1; at < 50; at++)
        {
            scenario.Fail(at, (kind, name) => kind == operation && name.Contains(part, StringComparison.Ordinal));
            try
            {
                await scenario.ApplyAsync(Policies.Of("last=1", TimeSpan.Zero));
                Assert.InRange(scenario.Requests, 0, at - 1);
                Assert.True(at > 1, $"nothing lists {part}");
                return;
            }
            catch (LifeboatException)
            {
                scenario.Heal();
                var left = await scenario.ListedAsync();
                Assert.True(left.Length is 5 or 1, $"{left.Length} backups after failure {at}");
                if (left.Length == 5)
                {
                    // Not even tombstones stay when the plan stopped half-way and the store let go of them.
                    var tombstones = (await scenario.ObjectsAsync()).Except(before).ToList();
                    Assert.Equal([], tombstones);
                }
            }
        }

        Assert.Fail("it never ended");
    }

    [Fact]
    public async Task A_backup_with_damaged_pages_or_without_its_wal_takes_no_place()
    {
        var scenario = await PruneScenario.CreateAsync();
        foreach (var item in await WalStore.FindAsync(
            scenario.Cluster, scenario.Backups[4].Lineage, "000000010000000000000031", default))
        {
            await scenario.Memory.DeleteAsync(item.Name, default);
        }

        var (_, plan) = await scenario.Prune(Policies.Of("last=1")).PlanAsync(default);
        Assert.Equal(
            [scenario.Backups[3].Id, scenario.Backups[4].Id], plan.Keep.Select(decision => decision.Backup.Id));
        Assert.Contains(plan.Warnings, warning => warning.StartsWith(scenario.Backups[4].Id, StringComparison.Ordinal));
    }

    private static async Task ConflictAsync(PruneScenario scenario, string cause, Func<Task> apply)
    {
        var failure = await PruneScenario.FailureAsync(apply);
        Assert.Equal(ErrorCode.Conflict, failure.Code);
        Assert.Contains(cause, failure.Cause, StringComparison.Ordinal);
        Assert.True((await scenario.ListedAsync()).Length >= 5);
        Assert.DoesNotContain(await scenario.ObjectsAsync(), name =>
            name.EndsWith("/tombstone", StringComparison.Ordinal) || name.Contains("/expired-wal/", StringComparison.Ordinal));
    }
}
