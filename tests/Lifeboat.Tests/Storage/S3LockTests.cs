using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Check.Immutable;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>Object lock of a real Ceph gateway.</summary>
public sealed class S3LockTests
{
    private static readonly LockTerms s_hour = new(LockMode.Compliance, TimeSpan.FromHours(1));
    private static readonly ObjectName s_small = new("clusters/main/packs/small");
    private static readonly ObjectName s_large = new("clusters/main/packs/large");

    [Theory]
    [InlineData(LockMode.Compliance)]
    [InlineData(LockMode.Governance)]
    public async Task A_bucket_with_object_lock_is_found_to_hold(LockMode mode)
    {
        using var store = await OpenAsync(locks: true);
        await S3LockProbe.RunAsync(store, mode, new ObjectName("canaries/one"), TimeProvider.System, default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bucket_without_object_lock_is_refused_with_the_words_that_make_one(bool versions)
    {
        using var store = await OpenAsync(versions: versions);
        var failure = await Assert.ThrowsAsync<LifeboatException>(() => S3LockProbe.RunAsync(
            store, LockMode.Governance, new ObjectName("canaries/one"), TimeProvider.System, default));
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Contains("--object-lock-enabled-for-bucket", failure.Failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_put_whole_or_in_parts_is_locked_and_read_behind_overwrites_and_markers()
    {
        using var versions = await OpenAsync(locks: true);
        var store = Locked(versions, s_hour);
        var content = RepositoryBuilder.Noise((9 << 20) + 17, 3);
        await store.PutAsync(s_small, content.AsMemory(0, 1000), PutCondition.IfAbsent, default);
        await using (var writer = await store.CreateAsync(s_large, default))
        {
            await writer.WriteAsync(content, default);
            Assert.Equal(PutOutcome.Created, await writer.CompleteAsync(PutCondition.IfAbsent, default));
        }

        foreach (var name in (ObjectName[])[s_small, s_large])
        {
            await versions.PutAsync(name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
            await versions.DeleteAsync(name, default);
            await RefusedAsync(() => store.DeleteAsync(name, default));
        }

        var reader = Locked(versions, s_hour);
        var read = new byte[content.Length];
        Assert.Equal(content.Length, await reader.ReadAsync(s_large, 0, read, default));
        Assert.Equal(content, read);
        Assert.Equal(1000, (await reader.StatAsync(s_small, default))!.Size);
        Assert.Equal(["large", "small"], await reader.ListChildrenAsync("clusters/main/packs/", default));
        var listed = new List<ObjectFacts>();
        await foreach (var facts in reader.ListAsync("", default))
        {
            listed.Add(facts);
            Assert.NotNull(await reader.LockedUntilAsync(facts.Name, default));
        }

        Assert.Equal([s_large, s_small], listed.Select(facts => facts.Name));
        var later = s_hour.UntilFrom(TimeProvider.System.GetUtcNow()) + s_hour.Epoch;
        await reader.ExtendAsync(new ObjectVersion(s_small, listed[1].Version!), later, default);
        Assert.Equal(later, (await reader.ReadAsync(new ObjectVersion(s_small, listed[1].Version!), default))!.Value.Until);
        await RefusedAsync(() => reader.ExtendAsync(new ObjectVersion(s_small, listed[1].Version!), later.AddHours(-1), default));
    }

    [Fact]
    public async Task When_its_lock_has_ended_an_object_goes_with_all_its_versions()
    {
        using var versions = await OpenAsync(locks: true);
        var store = Locked(versions, s_hour with { Duration = LockTerms.Shortest });
        await store.PutAsync(s_small, new byte[10], PutCondition.IfAbsent, default);
        await versions.DeleteAsync(s_small, default);
        await RefusedAsync(() => store.DeleteAsync(s_small, default));
        while (await store.LockedUntilAsync(s_small, default) is not null)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }

        // The store's clock is this machine's, and tells whole seconds.
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        await store.DeleteAsync(s_small, default);
        await foreach (var left in versions.ListVersionsAsync(s_small.Value, default))
        {
            Assert.Fail($"{left.Version} is left");
        }
    }

    [Theory]
    [InlineData(LockMode.Compliance)]
    [InlineData(LockMode.Governance)]
    public async Task The_check_holds_in_compliance_and_finds_that_an_owner_may_bypass_governance(LockMode mode)
    {
        using var versions = await OpenAsync(locks: true);
        var terms = s_hour with { Mode = mode };
        var stores = RepositoryStores.Of(versions, versions, TimeProvider.System, static store => store);
        await RepositoryRoot.InitAsync(stores, secret: null, terms, TimeProvider.System, default);
        var builder = await RepositoryBuilder.CreateAsync(store: Locked(versions, terms));
        await builder.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100");
        var repository = await RepositoryRoot.OpenAsync(stores, secret: null, TimeProvider.System, default);
        Assert.Equal(terms, repository.Terms);
        var report = await ImmutabilityCheck.RunAsync(repository, cluster: null, 8, default);
        if (mode == LockMode.Compliance)
        {
            Assert.Empty(report.Findings);
        }
        else
        {
            Assert.All(report.Findings, finding => Assert.StartsWith("canary: ", finding, StringComparison.Ordinal));
            Assert.Contains(report.Findings, finding => finding.Contains("bypassing governance", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_plain_bucket_is_read_the_same_way_when_it_is_not_known_whether_it_locks()
    {
        using var versions = await OpenAsync();
        await versions.PutAsync(s_small, "plain"u8.ToArray(), PutCondition.IfAbsent, default);
        var view = new LockedStore(versions, LockedNames.Covers, terms: null, TimeProvider.System);
        var read = new byte[10];
        Assert.Equal(5, await view.ReadAsync(s_small, 0, read, default));
        Assert.Null(await view.StatAsync(s_large, default));
        Assert.Equal(["packs/"], await view.ListChildrenAsync("clusters/main/", default));
    }

    private static async Task<S3ObjectStore> OpenAsync(bool versions = false, bool locks = false)
    {
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync(versions, locks);

        // This gateway ignores the condition in buckets with versions.
        return S3ObjectStore.OpenVersions(
            place with { ConditionalPut = !locks && !versions }, PosixFileSystem.Instance, TimeProvider.System);
    }

    private static LockedStore Locked(S3ObjectStore versions, LockTerms terms) =>
        new(versions, LockedNames.Covers, terms, TimeProvider.System);

    private static async Task RefusedAsync(Func<ValueTask> call) =>
        Assert.Equal(ErrorCode.Denied, (await Assert.ThrowsAsync<ObjectStoreException>(() => call().AsTask())).Code);
}
