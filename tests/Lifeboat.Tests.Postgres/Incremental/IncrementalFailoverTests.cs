using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>A failover in the middle of a series: the old primary writes on for a while, and both branches can be recovered.</summary>
public sealed class IncrementalFailoverTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_series_goes_on_behind_a_failover_and_points_of_both_branches_recover(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await primary.PgbenchInitAsync(1);
        await primary.ExecuteAsync("CREATE TABLE seen (what text)");
        await vault.BackupAsync(primary);
        await primary.ExecuteAsync("INSERT INTO seen VALUES ('full')");
        var before = (await vault.BackupAsync(primary, "--kind", "incremental")).Text("id");
        await primary.ExecuteAsync("INSERT INTO seen VALUES ('shared')");
        await primary.ExecuteAsync("SELECT pg_create_restore_point('shared')");

        await using var standby = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("standby"), "data"));
        var here = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{here}'");
        await standby.PromoteAsync();
        await primary.ExecuteAsync("INSERT INTO seen VALUES ('old')");
        await primary.ArchiveAllAsync();
        await standby.ExecuteAsync("INSERT INTO seen VALUES ('new')");
        await standby.PgbenchTransactionsAsync(clients: 2, transactions: 50);
        await standby.ExecuteAsync("SELECT pg_create_restore_point('new')");
        var behind = await vault.BackupAsync(standby, "--kind", "incremental");
        Assert.Equal(("wal", before), (behind.Text("method"), behind.Text("parent")));
        Assert.Equal(2, behind.GetProperty("timeline").GetInt32());
        await standby.ExecuteAsync("INSERT INTO seen VALUES ('newer')");
        await standby.ArchiveAllAsync();
        var again = await vault.BackupAsync(standby, "--kind", "incremental");
        Assert.Equal(("wal", behind.Text("id")), (again.Text("method"), again.Text("parent")));
        await standby.ArchiveAllAsync();
        await vault.JsonAsync("check", "--read-data");

        await RequireAsync("full shared new newer");
        await RequireAsync("full shared new newer", "--backup", behind.Text("id"));
        await RequireAsync("full shared new newer", "--backup", again.Text("id"), "--target-immediate");
        await RequireAsync("full shared new", "--target-name", "new");
        await RequireAsync("full shared", "--target-name", "shared");
        await RequireAsync("full shared old", "--target-timeline", "1", "--backup", before);
        await RequireAsync("full", "--backup", before, "--target-immediate");

        async Task RequireAsync(string seen, params string[] target)
        {
            await using var restored = await vault.RecoverAsync(
                primary, $"r{string.Concat(target).Replace("-", "", StringComparison.Ordinal)}", target);
            Assert.Equal(seen, await restored.ScalarAsync<string>("SELECT string_agg(what, ' ' ORDER BY ctid) FROM seen"));
            await PgbenchBank.CheckAsync(restored);
            await Judges.AmCheckAsync(restored);
        }
    }
}
