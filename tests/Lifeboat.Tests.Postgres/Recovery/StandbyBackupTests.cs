using System.Text.Json;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>Backups of a standby, whose primary writes and archives the WAL.</summary>
public sealed class StandbyBackupTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Full_and_incremental_backups_of_a_standby_recover_and_serve_the_primarys(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await primary.PgbenchInitAsync(2);
        var own = await vault.BackupAsync(primary);
        await using var standby = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("standby"), "data"));
        using var load = primary.PgbenchStart(clients: 2);

        var full = await BackUpAsync(vault, primary, standby, "--kind", "full");
        Assert.Equal(("full", "files"), (full.Text("kind"), full.Text("method")));
        var incremental = await BackUpAsync(vault, primary, standby, "--kind", "incremental");
        Assert.Equal(
            ("incremental", "wal", full.Text("id")),
            (incremental.Text("kind"), incremental.Text("method"), incremental.Text("parent")));

        // And the primary goes on from what was taken from its standby.
        await primary.ExecuteAsync("CHECKPOINT");
        var next = await vault.BackupAsync(primary, "--kind", "incremental");
        Assert.Equal(("wal", incremental.Text("id")), (next.Text("method"), next.Text("parent")));
        await load.KillAsync();
        await primary.ArchiveAllAsync();
        await vault.JsonAsync("check", "--read-data");
        Assert.NotEqual(own.Text("id"), full.Text("id"));
        foreach (var id in new[] { full.Text("id"), incremental.Text("id"), next.Text("id") })
        {
            await using var restored = await vault.RecoverAsync(
                primary, $"r{id}", "--backup", id, "--target-immediate");
            await PgbenchBank.CheckAsync(restored);
            await Judges.AmCheckAsync(restored);
            await Judges.VisibilityAsync(restored);
            await restored.StopAsync();
            await Judges.ChecksumsAsync(major, restored.DataDirectory);
        }

        await using var latest = await vault.RecoverAsync(primary, "latest", "--backup", full.Text("id"));
        Assert.Equal(
            (await PgbenchBank.CheckAsync(primary)).Transactions, (await PgbenchBank.CheckAsync(latest)).Transactions);
    }

    [Fact]
    public async Task A_primary_that_archives_nothing_more_is_waited_for_and_then_told()
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await using var standby = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("standby"), "data"));

        // Its end lies in the middle of a segment.
        await primary.ExecuteAsync("CREATE TABLE t (n int)");
        await RestartPointAsync(primary, standby);
        var error = await vault.ErrorAsync(
            14, "backup", "--cluster-dir", standby.DataDirectory, "--connection", standby.ConnInfo(), "--archive-timeout", "2");
        Assert.Contains("primary's archiver", error.Text("cause"), StringComparison.Ordinal);
        Assert.Contains("pg_switch_wal()", error.Text("hint"), StringComparison.Ordinal);
        Assert.Empty(await vault.ListedAsync());
    }

    /// <summary>While it is taken, the primary fills segments.</summary>
    private static async Task<JsonElement> BackUpAsync(
        Vault vault, PostgresServer primary, PostgresServer standby, params string[] more)
    {
        await RestartPointAsync(primary, standby);
        var backup = vault.BackupAsync(standby, more);
        while (!backup.IsCompleted)
        {
            await primary.ExecuteAsync("SELECT pg_switch_wal()");
            await Task.WhenAny(backup, Task.Delay(500));
        }

        return await backup;
    }

    /// <summary>Behind the last backup's end: where a backup of a standby starts.</summary>
    private static async Task RestartPointAsync(PostgresServer primary, PostgresServer standby)
    {
        await primary.ExecuteAsync("CHECKPOINT");
        var here = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{here}'");
        await standby.ExecuteAsync("CHECKPOINT");
    }
}
