using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Retention;

/// <summary>A manifest without its completion is no backup yet, and what it needs must be there when it becomes one.</summary>
public sealed class UnfinishedBackupTests
{
    [Fact]
    public async Task An_unfinished_backup_is_not_listed_and_the_wal_that_it_needs_does_not_go()
    {
        var scenario = await PruneScenario.CreateAsync();
        await PutAsync(scenario);
        Assert.Equal(scenario.Backups.Select(backup => backup.Id), await scenario.ListedAsync());
        var plan = await scenario.ApplyAsync(Policies.Of("last=1", TimeSpan.Zero));
        Assert.Equal(
            [("000000010000000000000020", "000000010000000000000023"), ("000000010000000000000026", "00000001000000000000002F")],
            plan.WalGoing.Select(range => ($"{range.First}", $"{range.Last}")));
    }

    [Fact]
    public async Task Wal_that_expires_while_a_backup_ends_is_taken_back()
    {
        var scenario = await PruneScenario.CreateAsync();
        scenario.Before(StoreOperation.Complete, "expired-wal", () => PutAsync(scenario));
        var failure = await PruneScenario.FailureAsync(() => scenario.ApplyAsync(Policies.Of("last=1", TimeSpan.Zero)));
        Assert.Equal(ErrorCode.Conflict, failure.Code);
        Assert.Contains("ended meanwhile", failure.Cause, StringComparison.Ordinal);
        var (expired, _) = await WalTombstones.ReadAsync(scenario.Cluster, scenario.Backups[0].Lineage, default);
        Assert.True(expired.IsEmpty);
    }

    /// <summary>Of the same WAL as the second of the scenario's backups.</summary>
    private static async Task PutAsync(PruneScenario scenario)
    {
        var second = scenario.Backups[1];
        await BackupCatalog.PutAsync(
            scenario.Cluster,
            second with { Id = BackupId.New(second.StopTime.AddSeconds(1)), Lease = Id128.NewRandom() },
            [],
            default);
    }
}
