using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Check.Immutable;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Locks;

/// <summary>The check of the locks finds what gives way, and harms nothing.</summary>
public sealed class ImmutabilityTests
{
    [Theory]
    [InlineData(LockMode.Compliance)]
    [InlineData(LockMode.Governance)]
    public async Task Where_everything_holds_it_finds_nothing_and_changes_no_object_of_the_repository(LockMode mode)
    {
        var world = await LockedWorld.CreateAsync(LockedWorld.ThirtyDays with { Mode = mode });
        await world.BackupAsync(1);
        await world.Builder.SegmentAsync(0x20);

        // As what init tries a bucket with leaves it.
        await world.Versions.PutAsync(new ObjectName("lifeboat-probe-1"), new byte[8], PutCondition.IfAbsent, default);
        await world.Versions.DeleteAsync(new ObjectName("lifeboat-probe-1"), default);
        var before = await ObjectsAsync(world);
        var report = await CheckAsync(world);
        Assert.Empty(report.Findings);
        Assert.Empty(report.Overlaid);
        Assert.Equal(before, await ObjectsAsync(world));
        Assert.Contains(report.Tried, tried => tried == "remove the locked version, bypassing governance: refused");
        Assert.Contains(report.Tried, tried => tried == "put another object over it: done");
        Assert.True(((string[])["manifest", "pack", "index", "map", "wal", "repository", "cluster", "lineage"])
            .All(report.Sampled.ContainsKey), string.Join(", ", report.Sampled.Keys));
    }

    [Fact]
    public async Task Credentials_that_may_bypass_governance_are_found_and_what_they_destroy_is_the_canary_only()
    {
        var world = await LockedWorld.CreateAsync(LockedWorld.ThirtyDays with { Mode = LockMode.Governance });
        await world.BackupAsync(1);
        var before = await ObjectsAsync(world);
        world.Versions.MayBypassGovernance = true;
        var report = await CheckAsync(world);
        Assert.Contains(report.Findings, finding => finding.Contains("bypassing governance", StringComparison.Ordinal));
        Assert.Equal(before, await ObjectsAsync(world));
    }

    [Fact]
    public async Task Each_object_that_is_not_locked_or_too_shortly_or_too_weakly_is_named()
    {
        var world = await LockedWorld.CreateAsync();
        var unlocked = new ObjectName($"clusters/main/packs/{new string('a', 32)}");
        var weak = new ObjectName($"clusters/main/packs/{new string('b', 32)}");
        var until = world.Clock.GetUtcNow().AddDays(300);
        await world.Versions.PutAsync(unlocked, new byte[9], PutCondition.IfAbsent, default);
        await world.Versions.PutAsync(
            weak, new byte[9], PutCondition.IfAbsent, new ObjectRetention(LockMode.Governance, until), default);
        var findings = (await CheckAsync(world)).Findings;
        Assert.Contains($"{unlocked}: it is not locked", findings);
        Assert.Contains($"{weak}: its lock is of mode governance only", findings);
        Assert.Contains($"{weak}: its oldest version is not an object of this name", findings);

        // Nobody has renewed anything.
        world.Clock.Advance(world.Terms.Epoch * 3);
        Assert.Contains((await CheckAsync(world)).Findings, finding => finding.Contains("lock renew", StringComparison.Ordinal));
        world.Clock.Advance(world.Terms.Duration);
        Assert.Contains((await CheckAsync(world)).Findings, finding => finding.Contains("its lock ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_overwritten_or_deleted_is_told_and_still_there()
    {
        var world = await LockedWorld.CreateAsync();
        await world.BackupAsync(1);
        await world.OverwriteAndDeleteAllAsync();
        var report = await CheckAsync(world);
        Assert.Empty(report.Findings);
        Assert.NotEmpty(report.Overlaid);
        Assert.NotEmpty(report.Warnings);
    }

    [Fact]
    public async Task A_repository_without_locks_is_refused()
    {
        var plain = await RepositoryBuilder.CreateAsync();
        var failure = await Assert.ThrowsAsync<LifeboatException>(
            () => ImmutabilityCheck.RunAsync(plain.Repository, cluster: null, 4, default).AsTask());
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Contains("init --lock", failure.Failure.Hint, StringComparison.Ordinal);
    }

    private static async Task<ImmutabilityReport> CheckAsync(LockedWorld world) =>
        await ImmutabilityCheck.RunAsync(await world.OpenAsync(), cluster: null, 32, default);

    private static async Task<List<(ObjectFacts, DateTimeOffset?)>> ObjectsAsync(LockedWorld world)
    {
        var all = new List<(ObjectFacts, DateTimeOffset?)>();
        foreach (var facts in await world.VersionsAsync())
        {
            if (!facts.Name.Value.StartsWith("canaries/", StringComparison.Ordinal))
            {
                all.Add((facts, facts.IsDeleted ? null : await world.UntilAsync(facts)));
            }
        }

        return all;
    }
}
