using System.Text.Json;
using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Collect;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Retention;

/// <summary>Space is given back on real stores: the same steps as the program's, with time moved on between them.</summary>
public sealed class CollectTests
{
    [Fact]
    public async Task What_expired_is_really_gone_from_a_directory_and_the_other_backup_restores()
    {
        using var vault = await Vault.CreateAsync();
        await RunAsync(vault, () =>
        {
            PostgresUser.Own(vault.Repository);
            return LocalObjectStore.Open(PosixFileSystem.Instance, vault.Repository);
        });
    }

    [Fact]
    public async Task What_expired_is_really_gone_from_a_bucket_and_the_other_backup_restores()
    {
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync();
        using var vault = await Vault.CreateAsync(repository: place.ToString(), variables: CephGateway.Credentials);
        await RunAsync(vault, () => S3ObjectStore.Open(place, PosixFileSystem.Instance, TimeProvider.System));
    }

    private static async Task RunAsync(Vault vault, Func<IObjectStore> open)
    {
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.ExecuteAsync("CREATE TABLE large AS SELECT n, md5(n::text) || md5((-n)::text) AS word FROM generate_series(1, 60000) n");
        var first = (await vault.BackupAsync(server)).Text("id");
        await server.ExecuteAsync("TRUNCATE large");
        await server.ExecuteAsync("INSERT INTO large VALUES (1, 'kept')");
        await server.ArchiveAllAsync();
        var second = (await vault.BackupAsync(server)).Text("id");
        await server.ArchiveAllAsync();

        var pruned = await vault.JsonAsync("prune", "--keep", "last=1", "--window", "0d", "--apply");
        Assert.Equal(first, Assert.Single(pruned.GetProperty("remove").EnumerateArray()).Text("id"));
        var waits = Assert.Single(pruned.GetProperty("collection").GetProperty("expired").EnumerateArray());
        Assert.Equal(first, waits.Text("backup"));
        var untouched = await vault.JsonAsync("collect", "--apply");
        Assert.Equal(0, untouched.GetProperty("deleted").GetProperty("objects").GetInt32());
        Assert.Equal(0, untouched.GetProperty("condemned").GetProperty("objects").GetInt32());

        var (before, after) = await CollectAsync(open);
        Assert.True(before - after > 1 << 20, $"{before} bytes became {after}");

        Assert.Equal([second], await vault.ListedAsync());
        await vault.JsonAsync("check", "--read-data");
        Assert.Equal(0, (await vault.JsonAsync("list")).GetProperty("gaps").GetArrayLength());
        await using (var restored = await vault.RecoverAsync(server, "restored"))
        {
            Assert.Equal("kept", await restored.ScalarAsync<string>("SELECT string_agg(word, '') FROM large"));
        }

        // What is left serves the next backup.
        Assert.True((await vault.BackupAsync(server)).GetProperty("bytesStored").GetInt64() < 5 << 20);
        await vault.JsonAsync("check", "--read-data");
    }

    /// <returns>Bytes that were stored before the first step and behind the last.</returns>
    private static async Task<(long Before, long After)> CollectAsync(Func<IObjectStore> open)
    {
        var time = new MovedTime();
        var store = new MovedTimeStore(open(), time);
        var cluster = await Cluster.OpenAsync(
            await RepositoryRoot.OpenAsync(store, secret: null, time, default), "main", default);
        var run = new CollectRun(cluster, time, new Silence());
        var before = await BytesAsync(store);

        // Too early, then one step after the other: nothing goes before the last.
        await AdvanceAsync(time, TimeSpan.FromHours(19));
        Assert.Empty((await run.ApplyAsync(wait: false, default)).Condemned);
        await AdvanceAsync(time, TimeSpan.FromDays(2));
        Assert.NotEmpty((await run.ApplyAsync(wait: false, default)).Condemned);
        Assert.Empty((await run.ApplyAsync(wait: false, default)).Deleted);
        await AdvanceAsync(time, TimeSpan.FromMinutes(16));
        Assert.Empty((await run.ApplyAsync(wait: false, default)).Deleted);
        Assert.True(await BytesAsync(store) >= before);
        await AdvanceAsync(time, TimeSpan.FromMinutes(16));
        var swept = await run.ApplyAsync(wait: false, default);
        Assert.Empty(swept.Doubts);
        Assert.Contains(swept.Deleted, item => item.Name.EndsWith("/manifest", StringComparison.Ordinal));
        Assert.Contains(swept.Deleted, item => item.Name.StartsWith("packs/", StringComparison.Ordinal));
        Assert.Contains(swept.Deleted, item => item.Name.Contains("/wal/", StringComparison.Ordinal));
        var after = await BytesAsync(store);

        // What root has written there belongs to the server's user again.
        open();
        return (before, after);
    }

    /// <summary>A bucket tells whole seconds: what it dates next must lie behind the move.</summary>
    private static async Task AdvanceAsync(MovedTime time, TimeSpan by)
    {
        time.Advance(by);
        await Task.Delay(TimeSpan.FromSeconds(1.2));
    }

    private static async Task<long> BytesAsync(IObjectStore store)
    {
        var bytes = 0L;
        await foreach (var facts in store.ListAsync("", default))
        {
            bytes += facts.Size;
        }

        return bytes;
    }

    internal sealed class Silence : IActivity
    {
        public void Say(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Progress(string phase, long done, long total)
        {
        }
    }
}
