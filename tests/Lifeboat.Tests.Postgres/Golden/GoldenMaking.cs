using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Golden;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Receive;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>Makes tests/fixtures/golden anew; run by <c>eng/golden</c> alone, since what is committed is kept for ever.</summary>
public sealed class GoldenMaking
{
    /// <summary>
    /// PostgreSQL 17, not encrypted: a series with every kind of overlay, tablespaces, marks, a catalog, tombstones, and
    /// collections in each of their steps.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Plain()
    {
        using var vault = await Vault.CreateAsync();
        var options = new PostgresOptions
        {
            WalSegmentMegabytes = 1,
            Settings = new Dictionary<string, string> { ["allow_in_place_tablespaces"] = "on" },
        };
        await using var cluster = await GoldenCluster.StartAsync(vault, 17, options, firstSegment: "0000000100000000000000FE");
        var server = cluster.Server;
        var first = await GoldenSeries.TakeAsync(vault, cluster);
        var maker = new GoldenMaker(new GoldenRepository("plain"), vault);
        await GoldenSeries.MarkAsync(vault, first);

        // Past a whole catalog of 256 segments; the next backup writes it.
        for (var segment = 0; segment < 260; segment++)
        {
            await server.ExecuteAsync("SELECT pg_logical_emit_message(false, 'golden', '')");
            await server.ExecuteAsync("SELECT pg_switch_wal()");
        }

        await server.ArchiveAllAsync();
        await cluster.TouchAsync(9, 1, 2, 3);
        var streamed = (await vault.StreamAsync(server, "--tag", "streamed")).Text("id");
        await cluster.TouchAsync(10, 40, 41);
        var last = (await vault.BackupAsync(server, "--kind", "incremental")).Text("id");
        await maker.JudgeQuiescedAsync(server, last);
        await server.ExecuteAsync("SELECT pg_create_restore_point('golden')");
        maker.Expect("main", server, await GoldenMaker.AskAsync(server), "--backup", streamed, "--target-name", "golden");
        await cluster.TouchAsync(11, 50);
        await server.ArchiveAllAsync();
        await server.StopAsync();

        await vault.JsonAsync("expire", (await vault.ListedAsync())[0], "--reason", "golden");
        await vault.JsonAsync("prune", "--keep", "last=20", "--window", "30d", "--apply", "--no-collect");
        await CollectAsync(vault);
        await LeaveLeaseAsync(vault, last);
        await maker.CompleteAsync(new Dictionary<string, string> { ["main"] = cluster.Aside });
    }

    /// <summary>
    /// PostgreSQL 15, opened by a key file: a standby's backup, two promotions, a gap, the lineages of a restored copy and of
    /// an adopted one, a page with a bad checksum.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task KeyFile()
    {
        using var vault = await Vault.CreateAsync(Encryption.KeyFile);
        var maker = new GoldenMaker(new GoldenRepository("keyfile"), vault);
        await using var cluster = await GoldenCluster.StartAsync(
            vault, 15, new PostgresOptions { WalSegmentMegabytes = 1 });
        var primary = cluster.Server;
        await cluster.FillAsync(40);
        await primary.ExecuteAsync("CHECKPOINT");
        DamagedPageTests.Flip(
            Path.Combine(primary.DataDirectory, await primary.ScalarAsync<string>("SELECT pg_relation_filepath('t')")), 8192 + 8000);
        var damaged = await vault.BackupAsync(primary);
        Assert.Equal(1, damaged.Number("checksumErrors"));
        await primary.ExecuteAsync("UPDATE t SET word = 'mended' WHERE ctid >= '(1,0)' AND ctid < '(2,0)'");
        await primary.ExecuteAsync("CHECKPOINT");

        await GoldenTimelines.MakeAsync(vault, cluster, maker);
        await maker.CompleteAsync(new Dictionary<string, string> { ["main"] = cluster.Aside });
    }

    /// <summary>
    /// Opened by a passphrase, with two clusters: PostgreSQL 18 over the network, with WAL in pieces; and 13 without
    /// checksums, with segments of 64 MiB.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Passphrase()
    {
        using var vault = await Vault.CreateAsync(Encryption.Passphrase);
        var maker = new GoldenMaker(new GoldenRepository("passphrase"), vault);
        (await vault.RunAsync("init", "--cluster", "old")).Expect();
        await using var old = await GoldenCluster.StartAsync(
            vault, 13, new PostgresOptions { Checksums = false, WalSegmentMegabytes = 64 }, "old");
        await old.FillAsync(8);
        await vault.BackupAsync(old.Server, "--cluster", "old");
        await old.TouchAsync(1, 3, 4);
        var incremental = (await vault.BackupAsync(old.Server, "--cluster", "old", "--kind", "incremental")).Text("id");
        maker.Expect("old", old.Server, await GoldenMaker.AskAsync(old.Server), "--backup", incremental);
        await old.Server.ArchiveAllAsync();
        await old.Server.StopAsync();

        var aside = vault.Folder.CreateForPostgres("own");
        PostgresUser.Coreutils("chmod", "755", aside);
        await using var cluster = await GoldenCluster.StartAsync(
            vault, 18, new PostgresOptions { WalSegmentMegabytes = 1, ArchiveCommand = $"cp %p {aside}/%f" });
        var server = cluster.Server;
        using (var receiver = await Receiver.StreamingAsync(vault, server.ConnInfo()))
        {
            await cluster.FillAsync(40);
            await server.ReceivedAllAsync();
            await vault.StreamAsync(server);
            for (var round = 0; round < 40; round++)
            {
                await cluster.TouchAsync(round, round % 8);
                await server.ReceivedAllAsync();
            }

            maker.Expect("main", server, await GoldenMaker.AskAsync(server), "--backup", "latest");
            await server.ReceivedAllAsync();
            await receiver.StopAsync();
        }

        await server.StopAsync();
        await maker.CompleteAsync(new Dictionary<string, string> { ["main"] = aside, ["old"] = old.Aside });
    }

    /// <summary>
    /// Time is moved on, so that lists are swept, with packs that were partly dead put together anew; one is cleared; another is
    /// condemned; and a backup has only expired.
    /// </summary>
    private static async Task CollectAsync(Vault vault)
    {
        var time = new MovedTime();
        PostgresUser.Own(vault.Repository);
        var store = new MovedTimeStore(LocalObjectStore.Open(PosixFileSystem.Instance, vault.Repository), time);
        var cluster = await Cluster.OpenAsync(
            await RepositoryRoot.OpenAsync(store, secret: null, time, default), "main", default);
        // Packs are small here, and so is what is to come back.
        var collection = new Collection(
            cluster, CollectionMargins.Usual with { RepackBelow = 0.99, RepackGain = 1 << 14 });
        async Task<CollectionPlan> AfterAsync(TimeSpan passed)
        {
            time.Advance(passed);
            await Task.Delay(50);
            var plan = await collection.PlanAsync(default);
            await collection.ApplyAsync(plan, default);
            Assert.Empty(plan.Doubts);
            PostgresUser.Own(vault.Repository);
            return plan;
        }

        async Task ExpireAsync()
        {
            var oldest = (await vault.ListedAsync())[0];
            await vault.JsonAsync("expire", oldest, "--reason", "golden");
        }

        var condemned = await AfterAsync(TimeSpan.FromDays(2.1));
        Assert.NotEmpty(condemned.Condemn);
        Assert.NotEmpty(condemned.Repack);
        await AfterAsync(TimeSpan.FromMinutes(16));
        Assert.NotEmpty((await AfterAsync(TimeSpan.FromMinutes(16))).Sweep);

        // The packs that were emptied go a night later.
        Assert.NotEmpty((await AfterAsync(TimeSpan.FromDays(1))).Condemn);
        await AfterAsync(TimeSpan.FromMinutes(16));
        Assert.NotEmpty((await AfterAsync(TimeSpan.FromMinutes(16))).Sweep);
        await ExpireAsync();
        time.Advance(TimeSpan.FromMinutes(30));
        await ExpireAsync();
        Assert.NotEmpty((await AfterAsync(TimeSpan.FromHours(19.7))).Condemn);
        Assert.NotEmpty((await AfterAsync(TimeSpan.FromMinutes(30))).Condemn);
        await ExpireAsync();
    }

    /// <summary>A restore that is killed leaves its lease.</summary>
    private static async Task LeaveLeaseAsync(Vault vault, string backup)
    {
        var to = Path.Combine(vault.Folder.CreateForPostgres("killed"), "data");
        using var restore = RunningProgram.Start(vault.Command(
            "restore", "--backup", backup, "--to", to, "--tablespace-root", to + ".spaces", "--bandwidth", "20KiB"));
        while (!vault.Objects().Keys.Any(name => name.Contains("/leases/", StringComparison.Ordinal)))
        {
            Assert.False(restore.HasExited);
            await Task.Delay(5);
        }

        await restore.KillAsync();
        Assert.Contains(vault.Objects().Keys, name => name.Contains("/leases/", StringComparison.Ordinal));
    }
}
