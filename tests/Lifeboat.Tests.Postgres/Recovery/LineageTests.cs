using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// Copies of a server: they archive beside their source, or not at all until somebody says what they are.
/// </summary>
public sealed class LineageTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_restored_copy_archives_is_backed_up_and_is_restored_again_beside_its_source(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(1);
        var first = await vault.BackupAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 20);
        await server.ArchiveAllAsync();

        await using var copy = await vault.RecoverAsync(server, "copy");
        var sourceBefore = OfLineage(vault, first.Text("lineage"));
        await copy.PgbenchTransactionsAsync(clients: 2, transactions: 30);
        var second = await vault.BackupAsync(copy);
        Assert.NotEqual(first.Text("lineage"), second.Text("lineage"));
        Assert.Equal(2, second.Number("timeline"));
        await copy.PgbenchTransactionsAsync(clients: 2, transactions: 30);
        await copy.ArchiveAllAsync();
        Assert.Equal(sourceBefore, OfLineage(vault, first.Text("lineage")));

        // The source goes on in its own lineage.
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 10);
        await server.ArchiveAllAsync();

        await using var again = await vault.RecoverAsync(server, "again", "--backup", second.Text("id"));
        Assert.Equal(await PgbenchBank.CheckAsync(copy), await PgbenchBank.CheckAsync(again));
        await using var source = await vault.RecoverAsync(server, "source", "--backup", first.Text("id"));
        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(source));
        await Judges.AmCheckAsync(again);
        await Judges.AmCheckAsync(source);
    }

    [Fact]
    public async Task A_promoted_standby_s_new_timeline_is_followed_from_a_backup_of_the_old_one()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(1);
        await vault.BackupAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 20);
        await server.ArchiveAllAsync();
        await server.StopAsync();

        // The same directory, started again as a standby and promoted: one lineage, two timelines.
        await File.AppendAllTextAsync(
            Path.Combine(server.DataDirectory, "postgresql.auto.conf"),
            $"restore_command = '{vault.RestoreCommand}'\n");
        await OddFileTests.ShellAsync(server.DataDirectory, "touch standby.signal");
        await server.StartAsync();
        await server.ExecuteAsync("SELECT pg_promote()");
        await server.WaitUntilPromotedAsync();
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 20);
        await server.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Equal(80, (await PgbenchBank.CheckAsync(restored)).Transactions);
        Assert.Equal(
            3, await restored.ScalarAsync<int>("SELECT timeline_id FROM pg_control_checkpoint()"));
    }

    [Fact]
    public async Task A_server_that_was_promoted_before_it_came_to_the_repository_is_backed_up_and_recovered()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving());
        await server.StopAsync();
        await OddFileTests.ShellAsync(
            server.DataDirectory, "echo \"archive_command = 'true'\" >> postgresql.auto.conf; touch standby.signal");
        await server.StartAsync();
        await server.ExecuteAsync("SELECT pg_promote()");
        await server.WaitUntilPromotedAsync();
        await server.ExecuteAsync("SELECT pg_switch_wal()");
        await server.WaitUntilAsync(
            "archiving elsewhere", "SELECT last_archived_wal ~ '^00000002[0-9A-F]+$' FROM pg_stat_archiver");
        await server.ExecuteAsync("ALTER SYSTEM RESET archive_command");
        await server.ExecuteAsync("SELECT pg_reload_conf()");

        var backup = await vault.BackupAsync(server);
        Assert.Equal(2, backup.Number("timeline"));
        await server.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS a");
        await server.ArchiveAllAsync();
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(1, await restored.ScalarAsync<int>("SELECT a FROM t"));
    }

    [Fact]
    public async Task A_copied_data_directory_archives_only_after_it_was_adopted_as_new()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving());
        await server.PgbenchInitAsync(1);
        await server.ArchiveAllAsync();
        await server.StopAsync();
        var directory = Path.Combine(vault.Folder.CreateForPostgres("clone"), "data");
        PostgresUser.Coreutils("cp", "-a", "--", server.DataDirectory, directory);
        await server.StartAsync();
        await using var clone = PostgresServer.Over(18, directory, server.Options);
        await clone.StartAsync();

        var before = vault.Objects();
        await clone.ExecuteAsync("CREATE TABLE of_clone(i int)");
        await clone.ExecuteAsync("SELECT pg_switch_wal()");
        await clone.WaitUntilAsync("refused", "SELECT failed_count > 0 FROM pg_stat_archiver");
        Assert.Contains("a copy must not archive into its source's place", clone.Log, StringComparison.Ordinal);
        Assert.Contains("lifeboat adopt --as-new", clone.Log, StringComparison.Ordinal);
        Assert.Equal(before, vault.Objects());

        // Its source's WAL has the names that the clone's backup would need.
        await server.ArchiveAllAsync();
        await server.ArchiveAllAsync();
        await server.ArchiveAllAsync();
        var refused = await vault.ErrorAsync(
            13, "backup", "--cluster-dir", directory, "--connection", clone.ConnInfo());
        Assert.Contains("lifeboat adopt --as-new", refused.Text("hint"), StringComparison.Ordinal);
        Assert.False(await clone.IsInBackupModeAsync());
        Assert.Empty(await vault.ListedAsync());

        await vault.JsonAsync("adopt", "--as-new", "--cluster-dir", directory);
        await clone.ArchiveAllAsync();
        var backup = await vault.BackupAsync(clone);
        await server.PgbenchTransactionsAsync(clients: 1, transactions: 10);
        await server.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(clone, "r", "--backup", backup.Text("id"));
        Assert.Equal(0L, await restored.ScalarAsync<long>("SELECT count(*) FROM of_clone"));
        Assert.Equal(0, (await PgbenchBank.CheckAsync(restored)).Transactions);
    }

    [Fact]
    public async Task A_server_that_was_moved_archives_on_after_it_took_over()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(15, vault.Archiving());
        var backup = await vault.BackupAsync(server);
        await server.StopAsync();
        var directory = Path.Combine(vault.Folder.CreateForPostgres("moved"), "data");
        PostgresUser.Coreutils("cp", "-a", "--", server.DataDirectory, directory);
        await using var moved = PostgresServer.Over(15, directory, server.Options);
        await moved.StartAsync();
        await moved.ExecuteAsync("CREATE TABLE here(i int)");

        var report = await vault.JsonAsync("adopt", "--take-over", "--cluster-dir", directory);
        Assert.Equal(backup.Text("lineage"), report.Text("lineage"));
        Assert.Contains(server.DataDirectory, report.Text("before"), StringComparison.Ordinal);
        await moved.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(0L, await restored.ScalarAsync<long>("SELECT count(*) FROM here"));
    }

    private static Dictionary<string, long> OfLineage(Vault vault, string lineage) =>
        vault.Objects().Where(item => item.Key.Contains($"/{lineage}/", StringComparison.Ordinal))
            .ToDictionary(item => item.Key, item => item.Value);
}
