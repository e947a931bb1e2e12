using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// What a restored server does at its target, and what a restore leaves that did not come to its end.
/// </summary>
public sealed class RestoreActionTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task The_server_waits_or_stops_at_its_target_as_it_was_told(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS a");
        await server.ExecuteAsync("SELECT pg_create_restore_point('it''s here')");
        await server.ExecuteAsync("INSERT INTO t VALUES (2)");
        await server.ArchiveAllAsync();

        await using var paused = await vault.RestoreAsync(
            server, "paused", "--target-name", "it's here", "--target-action", "pause");
        await paused.StartAsync();
        await paused.WaitUntilAsync("paused", "SELECT pg_is_wal_replay_paused()");
        Assert.Equal(1L, await paused.ScalarAsync<long>("SELECT count(*) FROM t"));
        await paused.ExecuteAsync("SELECT pg_wal_replay_resume()");
        await paused.WaitUntilPromotedAsync();
        Assert.Equal(1L, await paused.ScalarAsync<long>("SELECT count(*) FROM t"));

        await using var stopped = await vault.RestoreAsync(server, "stopped", "--target-action", "shutdown");
        stopped.Launch();
        await stopped.WaitUntilEndedAsync();
        Assert.Contains("shutdown at recovery target", stopped.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_is_killed_leaves_no_server_and_can_be_run_again()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(5);
        await vault.BackupAsync(server);
        var directory = Path.Combine(vault.Folder.CreateForPostgres("r"), "data");
        using (var restore = RunningProgram.Start(vault.Command("restore", "--to", directory, "--jobs", "1")))
        {
            while (!Directory.Exists(Path.Combine(directory, "base", "1")))
            {
                await Task.Delay(1);
            }

            await restore.KillAsync();
        }

        await using (var half = PostgresServer.Over(17, directory, server.Options))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(half.StartAsync);
        }

        await vault.JsonAsync("restore", "--to", directory);
        await Judges.VerifyBackupAsync(17, directory);
        await using var restored = PostgresServer.Over(17, directory, server.Options);
        await restored.StartAsync();
        await restored.WaitUntilPromotedAsync();
        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
    }

    [Fact]
    public async Task A_restore_by_root_gives_the_cluster_to_its_owner()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving());
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        var directory = Path.Combine(vault.Folder.Root, "by-root");

        (await RunningProgram.RunAsync(vault.Command("restore", "--to", directory) with { AsPostgres = false }))
            .Expect();

        // Nothing is given to anybody here, unlike elsewhere in these tests.
        await OddFileTests.ShellAsync(
            directory, "test -z \"$(find . ! -user \"$(id -un)\" -print -quit)\"; test \"$(stat -c %a .)\" = 700");
        await using var restored = PostgresServer.Over(18, directory, server.Options);
        await restored.StartAsync();
        await restored.WaitUntilPromotedAsync();
    }

    [Fact]
    public async Task Two_backups_at_a_time_are_both_whole()
    {
        using var vault = await Vault.CreateAsync(Encryption.KeyFile);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(1);
        using var load = server.PgbenchStart(clients: 2);
        var backups = await Task.WhenAll(vault.BackupAsync(server), vault.BackupAsync(server));
        await load.KillAsync();
        await server.ArchiveAllAsync();

        foreach (var backup in backups)
        {
            await using var restored = await vault.RecoverAsync(
                server, "r" + backup.Text("id"), "--backup", backup.Text("id"));
            Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
        }
    }
}
