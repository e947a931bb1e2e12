using Lifeboat.Engine.Collect;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Locks;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Retention;

/// <summary>A repository in a bucket with object lock: by the program, on a real Ceph gateway, with a real server.</summary>
public sealed class LockTests
{
    private const int NotImmutable = 17;

    [Fact]
    public async Task Whatever_a_writer_overwrites_and_deletes_the_server_comes_back()
    {
        var place = await NewPlaceAsync();
        using var vault = await CreateAsync(place, "1h", "compliance");
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.ExecuteAsync("CREATE TABLE seen AS SELECT n AS number, md5(n::text) AS word FROM generate_series(1, 20000) n");
        var backup = await vault.BackupAsync(server);
        await server.ExecuteAsync("INSERT INTO seen VALUES (0, 'archived')");
        await server.ArchiveAllAsync();
        var expected = await server.ScalarAsync<string>("SELECT md5(string_agg(number || word, ' ' ORDER BY number)) FROM seen");

        var until = (await vault.JsonAsync("status")).GetProperty("lastBackup").GetProperty("lockedUntil").GetDateTimeOffset();
        Assert.True(until >= backup.GetProperty("startTime").GetDateTimeOffset().AddHours(1));
        var renewed = Assert.Single((await vault.JsonAsync("lock", "renew")).GetProperty("clusters").EnumerateArray());
        Assert.Equal(0, renewed.GetProperty("failures").GetArrayLength());
        Assert.True(renewed.GetProperty("lockedUntil").GetDateTimeOffset() >= until);
        Assert.False(Assert.Single((await vault.JsonAsync("lock", "renew")).GetProperty("clusters").EnumerateArray())
            .GetProperty("renewed").GetBoolean());
        var before = await vault.JsonAsync("check", "--immutable");
        Assert.Equal(0, before.GetProperty("overlaid").GetArrayLength());

        using (var attacker = S3ObjectStore.OpenVersions(place, PosixFileSystem.Instance, TimeProvider.System))
        {
            var names = new HashSet<ObjectName>();
            await foreach (var facts in attacker.ListVersionsAsync("", default))
            {
                names.Add(facts.Name);
            }

            foreach (var name in names)
            {
                await attacker.PutAsync(name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
                await attacker.DeleteAsync(name, default);
            }
        }

        Assert.Equal(backup.Text("id"), Assert.Single(await vault.ListedAsync()));
        await vault.JsonAsync("check", "--read-data");
        var attacked = await vault.JsonAsync("check", "--immutable");
        Assert.True(attacked.GetProperty("immutable").GetBoolean());
        Assert.True(attacked.GetProperty("overlaid").GetArrayLength() > 0);
        await using (var restored = await vault.RecoverAsync(server, "restored"))
        {
            Assert.Equal(
                expected,
                await restored.ScalarAsync<string>("SELECT md5(string_agg(number || word, ' ' ORDER BY number)) FROM seen"));
        }

        // And it goes on.
        await server.ExecuteAsync("INSERT INTO seen VALUES (-1, 'behind it')");
        await server.ArchiveAllAsync();
        await vault.BackupAsync(server, "--kind", "incremental");
        Assert.Equal(2, (await vault.ListedAsync()).Length);
    }

    [Fact]
    public async Task What_expired_waits_for_its_lock_and_is_then_gone_with_all_its_versions()
    {
        var place = await NewPlaceAsync();
        using var vault = await CreateAsync(place, "1min", "governance");
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.ExecuteAsync("CREATE TABLE large AS SELECT n, md5(n::text) AS word FROM generate_series(1, 60000) n");
        var first = (await vault.BackupAsync(server)).Text("id");
        await server.ExecuteAsync("TRUNCATE large");
        await server.ArchiveAllAsync();
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        await vault.JsonAsync("prune", "--keep", "last=1", "--window", "0d", "--apply");

        using var versions = S3ObjectStore.OpenVersions(place, PosixFileSystem.Instance, TimeProvider.System);
        var time = new MovedTime();
        var terms = new LockTerms(LockMode.Governance, TimeSpan.FromMinutes(1));
        var locked = new LockedStore(versions, LockedNames.Covers, terms, TimeProvider.System);
        var cluster = await Cluster.OpenAsync(
            await RepositoryRoot.OpenAsync(new MovedTimeStore(locked, time), secret: null, time, default), "main", default);
        var run = new CollectRun(cluster, repackBelow: 0.25, time, new Silence());
        var before = await BytesAsync(versions, first);
        Assert.True(before.Objects > 0);

        // Its lists have gone all their steps; only the locks hold. To be sure that they do, they are renewed.
        await LockAgainAsync(locked, terms);
        foreach (var wait in (TimeSpan[])[TimeSpan.FromDays(3), TimeSpan.FromMinutes(16), TimeSpan.FromMinutes(16)])
        {
            time.Advance(wait);
            await Task.Delay(TimeSpan.FromSeconds(1.2));
            var report = await run.ApplyAsync(wait: false, default);
            Assert.Empty(report.Doubts);
            Assert.Empty(report.Deleted);
            if (report.Waits.Any(step => step.Why.Contains("locked", StringComparison.Ordinal)))
            {
                Assert.Equal(before, await BytesAsync(versions, first));
            }
        }

        for (var left = 100; ; left--)
        {
            var report = await run.ApplyAsync(wait: false, default);
            if (report.Deleted.Any(item => item.IsManifest))
            {
                break;
            }

            Assert.True(left > 0 && report.Waits.Any(step => step.Why.Contains("locked", StringComparison.Ordinal)));
            await Task.Delay(TimeSpan.FromSeconds(3));
        }

        Assert.True((await BytesAsync(versions, first)).Objects < before.Objects);
        Assert.DoesNotContain(first, await vault.ListedAsync());
        await vault.JsonAsync("check", "--read-data");
    }

    [Fact]
    public async Task A_bucket_without_object_lock_is_refused_and_an_owner_who_may_bypass_governance_is_found()
    {
        var gateway = await CephGateway.GetAsync();
        var plain = await gateway.NewPlaceAsync();
        var refused = Vault.ErrorOf(await InitAsync(plain, "30d", "governance"), 2);
        Assert.Contains("object lock", refused.Text("cause"), StringComparison.Ordinal);

        using var vault = await CreateAsync(await NewPlaceAsync(), "1h", "governance");
        var result = await vault.RunAsync("check", "--immutable", "--output", "json");
        result.Expect(NotImmutable);
        var report = Vault.Parse(result.Output);
        Assert.False(report.GetProperty("immutable").GetBoolean());
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), finding =>
            finding.GetString()!.Contains("bypassing governance", StringComparison.Ordinal));
        Assert.Contains("notImmutable", result.Error, StringComparison.Ordinal);
    }

    private static async Task<S3Place> NewPlaceAsync() =>
        (await (await CephGateway.GetAsync()).NewPlaceAsync(locks: true)) with { ConditionalPut = false };

    private static async Task<Vault> CreateAsync(S3Place place, string duration, string mode)
    {
        (await InitAsync(place, duration, mode)).Expect();
        return await Vault.CreateAsync(repository: place.ToString(), variables: CephGateway.Credentials);
    }

    private static Task<ProgramResult> InitAsync(S3Place place, string duration, string mode) => RunningProgram.RunAsync(
        LifeboatProgram.With(
            "init", "--lock", duration, "--lock-mode", mode, "--output", "json", "--repository", place.ToString()) with
        {
            Environment = CephGateway.Credentials.ToDictionary(one => one.Key, string? (one) => one.Value),
        });

    private static async Task LockAgainAsync(LockedStore store, LockTerms terms)
    {
        await foreach (var facts in store.ListAsync("clusters/", default))
        {
            if (store.Covers(facts.Name))
            {
                await store.ExtendAsync(
                    new ObjectVersion(facts.Name, facts.Version!), terms.UntilFrom(TimeProvider.System.GetUtcNow()), default);
            }
        }
    }

    /// <summary>Of all versions of what lies in a backup's folder, and of packs.</summary>
    private static async Task<(long Objects, long Bytes)> BytesAsync(S3ObjectStore versions, string backup)
    {
        var (objects, bytes) = (0L, 0L);
        await foreach (var facts in versions.ListVersionsAsync("clusters/main/", default))
        {
            if (facts.Name.Value.Contains($"/{backup}/manifest", StringComparison.Ordinal)
                || facts.Name.Value.Contains("/packs/", StringComparison.Ordinal))
            {
                (objects, bytes) = (objects + 1, bytes + facts.Size);
            }
        }

        return (objects, bytes);
    }
}
