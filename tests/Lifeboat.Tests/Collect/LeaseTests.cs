using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Leases;
using Lifeboat.Storage;
using Lifeboat.Testing.Simulation;
using Xunit;

namespace Lifeboat.Tests.Collect;

public sealed class LeaseTests
{
    private readonly VirtualClock _clock = new();
    private readonly SimulatedStorage _storage;

    public LeaseTests() => _storage = new SimulatedStorage(1, _clock);

    [Fact]
    public async Task I13_a_lease_that_is_renewed_in_time_holds_and_one_that_is_not_says_so()
    {
        var lease = await Lease.TakeAsync(await OpenAsync(), LeasePurpose.Write, default);
        for (var renewal = 0; renewal < 10; renewal++)
        {
            _clock.Advance(CollectionMargins.Usual.LeaseRenewal);
            await lease.RenewAsync(default);
        }

        Assert.False(lease.Ended.IsCancellationRequested);
        _clock.Advance(CollectionMargins.Usual.LeaseTerm);
        Assert.True(lease.Ended.IsCancellationRequested);
        await RequireLostAsync(lease);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task I13_a_jump_of_the_stores_clock_ends_a_lease(int hours)
    {
        var lease = await Lease.TakeAsync(await OpenAsync(), LeasePurpose.Write, default);
        _storage.Skew = TimeSpan.FromHours(hours);
        await RequireLostAsync(lease);
        Assert.True(lease.Ended.IsCancellationRequested);
    }

    [Fact]
    public async Task I16_with_a_manifest_that_cannot_be_read_nothing_is_condemned()
    {
        var cluster = await OpenAsync();
        var orphan = new ObjectName("clusters/main/maps/00000000000000000000000000000001");
        await _storage.Memory.PutAsync(orphan, new byte[10], PutCondition.IfAbsent, default);
        _clock.Advance(CollectionMargins.Usual.Orphans * 2);
        var collection = new Collection(cluster);
        Assert.Equal("maps/00000000000000000000000000000001", Assert.Single((await collection.PlanAsync(default)).Condemn).Name);

        await _storage.Memory.PutAsync(
            new ObjectName($"clusters/main/lineages/{cluster.FirstLineage}/backups/20260101T000000Z-abcdef/manifest"),
            new byte[10],
            PutCondition.IfAbsent,
            default);
        var plan = await collection.PlanAsync(default);
        Assert.Empty(plan.Condemn);
        Assert.Single(plan.Doubts);
    }

    private static async Task RequireLostAsync(Lease lease)
    {
        var failure = await Assert.ThrowsAsync<LifeboatException>(async () => await lease.RenewAsync(default));
        Assert.Equal(ErrorCode.Conflict, failure.Code);
    }

    private async Task<Cluster> OpenAsync()
    {
        var (made, _) = await RepositoryRoot.InitAsync(new SimulatedStore(_storage), secret: null, _clock, default);
        return (await Cluster.CreateAsync(made, "main", default)).Cluster;
    }
}
