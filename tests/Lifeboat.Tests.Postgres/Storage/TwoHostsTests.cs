using Lifeboat.Engine.Collect;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Storage;

/// <summary>
/// A server and its restored copy, which share a cluster of one bucket: both archive, back up, prune and collect for minutes
/// without knowing of each other.
/// </summary>
public sealed class TwoHostsTests
{
    private static readonly TimeSpan s_length = TimeSpan.FromMinutes(Sample.IsWhole ? 10 : 2);

    [Fact]
    public async Task Two_hosts_back_up_push_and_prune_in_one_bucket_and_every_backup_restores()
    {
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync();
        using var vault = await Vault.CreateAsync(repository: place.ToString(), variables: CephGateway.Credentials);
        await using var first = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await first.PgbenchInitAsync(1);
        await vault.BackupAsync(first);
        await first.ArchiveAllAsync();
        await using var second = await vault.RecoverAsync(first, "second");

        var until = TimeProvider.System.GetUtcNow() + s_length;
        var runs = await Task.WhenAll(
            BackUpAsync(vault, first, until),
            BackUpAsync(vault, second, until),
            PruneAsync(vault, until),
            PruneAsync(vault, until));
        Assert.All(runs, number => Assert.True(number > 0, "none came through"));

        await first.ArchiveAllAsync();
        await second.ArchiveAllAsync();
        await vault.JsonAsync("check", "--read-data");
        var listed = await vault.ListedAsync();
        await RequireRestorableAsync(vault, first, listed, "listed");

        // One of them goes, whichever it is, and behind all margins the others are as they were.
        var gone = listed[Random.Shared.Next(listed.Length)];
        await vault.JsonAsync("expire", gone, "--reason", "test", "--last-of-lineage");
        await CollectAsync(place);
        await vault.JsonAsync("check", "--read-data");
        Assert.Equal(listed.Where(id => id != gone), await vault.ListedAsync());
        await RequireRestorableAsync(vault, first, [.. listed.Where(id => id != gone)], "left");
    }

    /// <returns>How many backups there were.</returns>
    private static async Task<int> BackUpAsync(Vault vault, PostgresServer server, DateTimeOffset until)
    {
        var number = 0;
        for (; TimeProvider.System.GetUtcNow() < until; number++)
        {
            using var load = server.PgbenchStart(clients: 2);
            await vault.BackupAsync(server, "--kind", number % 3 == 0 ? "full" : "auto");
            await server.ExecuteAsync(
                $"DROP TABLE IF EXISTS t{number % 3}; CREATE TABLE t{number % 3} AS SELECT generate_series(1, 1000) AS n");
            await load.KillAsync();
        }

        return number;
    }

    /// <returns>How many prunes came through.</returns>
    private static async Task<int> PruneAsync(Vault vault, DateTimeOffset until)
    {
        const int changed = 13;
        var number = 0;
        while (TimeProvider.System.GetUtcNow() < until)
        {
            // Where backups end all the time, each of its plans may meet one: then it says so, and nothing was done.
            var prune = await vault.RunAsync("prune", "--keep", "last=4", "--window", "0d", "--apply", "--output", "json");
            prune.Expect(prune.ExitCode == changed ? changed : 0);
            number += prune.ExitCode == changed ? 0 : 1;
            await vault.JsonAsync("collect", "--apply");
            await Task.Delay(TimeSpan.FromSeconds(Random.Shared.Next(4)));
        }

        return number;
    }

    private static async Task RequireRestorableAsync(Vault vault, PostgresServer source, string[] ids, string name)
    {
        foreach (var id in ids)
        {
            await using var restored = await vault.RecoverAsync(
                source, $"{name}-{id}", "--backup", id, "--target-immediate");
            await PgbenchBank.CheckAsync(restored);
        }
    }

    private static async Task CollectAsync(S3Place place)
    {
        var time = new MovedTime();
        var store = new MovedTimeStore(S3ObjectStore.Open(place, PosixFileSystem.Instance, TimeProvider.System), time);
        var cluster = await Cluster.OpenAsync(
            await RepositoryRoot.OpenAsync(store, secret: null, time, default), "main", default);
        var run = new CollectRun(cluster, repackBelow: 0.25, time, new Silence());
        var deleted = 0;
        for (var step = 0; step < 8; step++)
        {
            time.Advance(TimeSpan.FromDays(3));
            await Task.Delay(TimeSpan.FromSeconds(1.2));
            var report = await run.ApplyAsync(wait: false, default);
            Assert.Empty(report.Doubts);
            deleted += report.Deleted.Count;
        }

        Assert.True(deleted > 0);
    }
}
