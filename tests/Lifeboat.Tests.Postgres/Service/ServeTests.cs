using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Service;

/// <summary><c>lifeboat serve</c> beside real servers: killed, cut off from its repository, and in recoveries.</summary>
public sealed class ServeTests
{
    private static int Rounds => Sample.IsWhole ? 30 : 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>One by chance; or all.</summary>
    public static TheoryData<int> Majors(string purpose) =>
        new(Sample.Of(purpose, 1, PostgresInstallation.Majors).ToArray());

    [Theory]
    [MemberData(nameof(Majors), "killed service")]
    public Task A_service_killed_at_any_moment_loses_no_segment_and_lies_about_none(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            var random = Sample.Numbers($"killed service {major}");
            await using var server = await PostgresServer.CreateAsync(major, Options(vault));
            await using var attendant = await Attendant.OfAsync(vault, server.DataDirectory, "a");
            await ConfigureAsync(server, "archive_command", attendant.ArchiveCommand);
            await server.StartAsync();
            await server.PgbenchInitAsync(1);
            using (var load = server.PgbenchStart(clients: 2))
            {
                for (var round = 0; round < Rounds; round++)
                {
                    attendant.Launch();
                    for (var segment = random.Next(6); segment >= 0; segment--)
                    {
                        await server.ExecuteAsync("SELECT pg_switch_wal()");
                        await Task.Delay(random.Next(150));
                    }

                    var away = round % 3 == 1;
                    if (away)
                    {
                        Directory.Move(vault.Repository, vault.Repository + ".away");
                        await server.ExecuteAsync("SELECT pg_switch_wal()");
                        await Task.Delay(random.Next(400));
                    }

                    await attendant.KillAsync();
                    if (away)
                    {
                        Directory.Move(vault.Repository + ".away", vault.Repository);
                    }

                    await RequireArchivedAsync(vault, server);
                }

                await load.KillAsync();
            }

            // Without it the command alone works off the rest; with it the shell believes it.
            await server.ArchiveAllAsync();
            Assert.InRange(await RequireArchivedAsync(vault, server), Rounds, 10_000);
            await attendant.StartAsync();
            var turns = attendant.Turns;
            for (var segment = 0; segment < 8; segment++)
            {
                await server.ArchiveAllAsync();
            }

            Assert.InRange(attendant.Turns - turns, 0, 7);
            await RequireArchivedAsync(vault, server);
            var stopped = await attendant.StopAsync();
            Assert.Equal(0, stopped.ExitCode);
            await server.ArchiveAllAsync();
            await RequireArchivedAsync(vault, server);
        });

    [Fact]
    public async Task A_backlog_of_whole_segments_is_worked_off_in_little_memory()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.CreateAsync(17, Options(vault) with { WalSegmentMegabytes = 16 });
        await using var attendant = await Attendant.OfAsync(vault, server.DataDirectory, "a");
        await ConfigureAsync(server, "archive_command", "/bin/false");
        await server.StartAsync();
        await server.ExecuteAsync("CREATE TABLE filler AS SELECT md5(i::text) FROM generate_series(1, 1500000) i");
        for (var segment = 0; segment < 10; segment++)
        {
            await server.ExecuteAsync(
                "INSERT INTO filler SELECT md5(i::text) FROM generate_series(1, 20000) i; SELECT pg_switch_wal()");
        }

        await ConfigureAsync(server, "archive_command", attendant.ArchiveCommand);
        await attendant.StartAsync();
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.ArchiveAllAsync();

        await RequireArchivedAsync(vault, server);
        Assert.InRange(attendant.Health().GetProperty("push").Number("pushed"), 15, 1000);
        Assert.InRange(attendant.PeakMemory(), 1, 200L << 20);
    }

    [Theory]
    [MemberData(nameof(Majors), "spooled recovery")]
    public Task A_recovery_is_complete_by_what_the_service_brought_ahead_and_when_it_is_killed(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            var random = Sample.Numbers($"spooled recovery {major}");
            await using var server = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with { WalSegmentMegabytes = 1 }));
            await server.PgbenchInitAsync(1);
            await vault.BackupAsync(server);
            await server.PgbenchTransactionsAsync(clients: 2, transactions: 400);
            await server.ExecuteAsync("CREATE TABLE filler AS SELECT md5(i::text) FROM generate_series(1, 150000) i");
            await server.ArchiveAllAsync();
            var count = await server.ScalarAsync<long>("SELECT count(*) FROM pgbench_history");

            foreach (var killed in new[] { false, true })
            {
                await using var restored = await vault.RestoreAsync(server, killed ? "k" : "r");
                await using var attendant = await Attendant.OfAsync(vault, restored.DataDirectory, killed ? "ak" : "ar");
                await ConfigureAsync(restored, "restore_command", attendant.RestoreCommand);
                await attendant.StartAsync();
                restored.Launch();
                if (killed)
                {
                    await Task.Delay(random.Next(1000));
                    await attendant.KillAsync();
                }

                Assert.True(await restored.BecameReadyAsync(), restored.Log);
                await restored.WaitUntilPromotedAsync();
                Assert.Equal(count, await restored.ScalarAsync<long>("SELECT count(*) FROM pgbench_history"));
                Assert.Equal(150_000L, await restored.ScalarAsync<long>("SELECT count(*) FROM filler"));
                await PgbenchBank.CheckAsync(restored);
                if (!killed)
                {
                    // Most segments came from the spool; the first and the last, and histories, by the program.
                    var fetched = attendant.Health().GetProperty("fetch").Number("fetched");
                    Assert.InRange(fetched, 10, 1000);
                    Assert.InRange(attendant.Turns, 1, fetched);
                }
            }
        });

    private static PostgresOptions Options(Vault vault) => vault.Archiving(PostgresOptions.Default with
    {
        WalSegmentMegabytes = 1,
        // So that every segment can be compared.
        Settings = new Dictionary<string, string> { ["wal_keep_size"] = "2GB" },
    });

    private static async Task ConfigureAsync(PostgresServer server, string setting, string command)
    {
        var path = Path.Combine(server.DataDirectory, "postgresql.auto.conf");
        await File.AppendAllTextAsync(
            path, $"{setting} = '{command.Replace("'", "''", StringComparison.Ordinal)}'\n", Token);
    }

    /// <summary>Everything that the server has marked as archived is in the repository, byte for byte.</summary>
    /// <returns>How many segments these are.</returns>
    private static async Task<int> RequireArchivedAsync(Vault vault, PostgresServer server)
    {
        var repository = await RepositoryRoot.OpenAsync(
            LocalObjectStore.Open(PosixFileSystem.Instance, vault.Repository), secret: null, TimeProvider.System, Token);
        var cluster = await Cluster.OpenAsync(repository, "main", Token);
        var wal = Path.Combine(server.DataDirectory, "pg_wal");
        var done = Directory.GetFiles(Path.Combine(wal, "archive_status"), "*.done")
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(WalFileName.IsSegment)
            .ToList();
        foreach (var name in done)
        {
            var item = Assert.Single(await WalStore.FindAsync(cluster, cluster.FirstLineage, name, Token));
            var (content, _) = await WalStore.ReadAsync(cluster, item, Token);
            var written = await File.ReadAllBytesAsync(Path.Combine(wal, name), Token);
            Assert.True(content.AsSpan().SequenceEqual(written), name);
        }

        return done.Count;
    }
}
