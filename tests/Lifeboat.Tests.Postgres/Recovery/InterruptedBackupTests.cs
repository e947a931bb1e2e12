using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>Backups whose WAL does not come, and backups that are killed.</summary>
public sealed class InterruptedBackupTests
{
    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public async Task A_server_that_does_not_archive_is_restored_to_the_end_of_its_backup(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.PgbenchInitAsync(1);
        using (var load = server.PgbenchStart(clients: 2))
        {
            await server.WaitUntilAsync("loaded", "SELECT count(*) > 20 FROM pgbench_history");
            var result = (await RunningProgram.RunAsync(vault.Command(
                "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo()))).Expect();
            Assert.Contains("archive_mode is off", result.Error, StringComparison.Ordinal);
            await load.KillAsync();
        }

        Assert.False(await server.IsInBackupModeAsync());
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.True((await PgbenchBank.CheckAsync(restored)).Transactions > 20);
        await Judges.AmCheckAsync(restored);
    }

    [Theory]
    [InlineData(13)]
    [InlineData(17)]
    public async Task A_backup_whose_wal_is_not_archived_fails_with_a_hint_and_the_next_one_works(int major)
    {
        using var vault = await Vault.CreateAsync();
        var broken = vault.Folder["broken"];
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving() with { ArchiveCommand = $"test ! -e {broken} && {vault.ArchiveCommand}" });
        await server.ArchiveAllAsync();
        await File.WriteAllTextAsync(broken, "");

        var error = await vault.ErrorAsync(
            14,
            "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(),
            "--archive-timeout", "3");

        Assert.Contains("archive", error.Text("cause"), StringComparison.Ordinal);
        Assert.Contains("archive_command", error.Text("hint"), StringComparison.Ordinal);
        Assert.False(await server.IsInBackupModeAsync());
        Assert.Empty(await vault.ListedAsync());

        File.Delete(broken);
        var backup = await vault.BackupAsync(server);
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());
        await using var restored = await vault.RecoverAsync(server, "r");
    }

    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public async Task A_backup_that_is_killed_leaves_nothing_listed_and_nothing_in_the_way(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(3);
        var random = Sample.Numbers($"killed {major}");
        for (var round = 0; round < 2; round++)
        {
            // The slowest compression makes the copying long enough to be hit in its middle.
            using var backup = RunningProgram.Start(vault.Command(
                "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(),
                "--jobs", "1", "--compression-level", "19"));
            await backup.WaitForTextAsync("copying");
            await Task.Delay(random.Next(1500));
            Assert.False(backup.HasExited);
            await backup.KillAsync();
            Assert.Empty(await vault.ListedAsync());
        }

        await server.WaitUntilAsync(
            "out of backup mode",
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name ~* 'lifeboat')");
        Assert.False(await server.IsInBackupModeAsync());

        var whole = await vault.BackupAsync(server);
        Assert.Equal([whole.Text("id")], await vault.ListedAsync());
        (await vault.RunAsync("check", "--read-data")).Expect();
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
    }

    /// <summary>What was stored before it was killed is found by its tags, and not stored again.</summary>
    [Theory]
    [InlineData("full")]
    [InlineData("incremental")]
    public async Task A_backup_that_was_killed_goes_on_where_it_was(string kind)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        if (kind == "incremental")
        {
            await vault.BackupAsync(server);
        }

        // Pages that do not compress to less than half: more than two packs of 64 MiB.
        await server.ExecuteAsync(
            "CREATE TABLE noise AS SELECT i, string_agg(md5(i::text || j), '') AS t"
            + " FROM generate_series(1, 260000) i, generate_series(1, 32) j GROUP BY i");
        await server.ExecuteAsync("CHECKPOINT");
        await server.ArchiveAllAsync();
        var before = PackedBytes(vault);
        using (var killed = RunningProgram.Start(vault.Command(
            "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(), "--kind", kind, "--jobs", "1")))
        {
            while (PackedBytes(vault) == before)
            {
                Assert.False(killed.HasExited, "it ended before it was killed");
                await Task.Delay(20);
            }

            await killed.KillAsync();
        }

        var left = PackedBytes(vault) - before;

        var again = await vault.BackupAsync(server, "--kind", kind);

        Assert.Equal((kind, kind == "full" ? "files" : "wal"), (again.Text("kind"), again.Text("method")));
        Assert.InRange(left, 60L << 20, long.MaxValue);
        var all = PackedBytes(vault);
        await vault.BackupAsync(server, "--kind", "full", "--store-anew");
        Assert.InRange(all, left, (long)((PackedBytes(vault) - all) * 1.02));
        (await vault.RunAsync("check", "--read-data")).Expect();
        await using var restored = await vault.RecoverAsync(server, "r", "--backup", again.Text("id"), "--target-immediate");
        const string Sum = "SELECT count(*) || ' ' || sum(hashtext(t)) FROM noise";
        Assert.Equal(await server.ScalarAsync<string>(Sum), await restored.ScalarAsync<string>(Sum));
    }

    private static long PackedBytes(Vault vault) => vault.Objects()
        .Where(item => item.Key.Contains("/packs/", StringComparison.Ordinal))
        .Sum(item => item.Value);

    [Fact]
    public async Task A_backup_that_is_asked_to_stop_ends_the_server_s_backup_mode()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(15, vault.Archiving());
        await server.PgbenchInitAsync(3);
        using var backup = RunningProgram.Start(vault.Command(
            "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(),
            "--jobs", "1", "--compression-level", "19"));
        await backup.WaitForTextAsync("copying");
        backup.Signal("INT");

        Assert.Equal(16, (await backup.WaitAsync()).ExitCode);
        Assert.False(await server.IsInBackupModeAsync());
        Assert.Empty(await vault.ListedAsync());
    }

    [Theory]
    [InlineData(Encryption.None)]
    [InlineData(Encryption.KeyFile)]
    public async Task A_second_backup_of_unchanged_data_stores_little(Encryption encryption)
    {
        using var vault = await Vault.CreateAsync(encryption);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(1);
        var first = await vault.BackupAsync(server);
        var between = vault.Objects().Sum(item => item.Value);
        var second = await vault.BackupAsync(server);

        // Its own map and what the server itself rewrote.
        Assert.InRange(second.Number("bytesStored"), 0, second.Number("bytesTotal") / 200);
        Assert.InRange(second.Number("bytesStored"), 0, first.Number("bytesStored") / 10);
        Assert.Equal(first.Number("files"), second.Number("files"));

        // WAL included: two segments that hold next to nothing.
        Assert.InRange(vault.Objects().Sum(item => item.Value) - between, 0, first.Number("bytesStored") / 10);
    }
}
