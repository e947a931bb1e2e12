using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Receive;

/// <summary>Timelines change under the receiver.</summary>
public sealed class FailoverTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_failover_is_followed_to_the_new_primary_and_its_timeline(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(major);
        await primary.ExecuteAsync("CREATE TABLE t(a int)");
        await using var standby = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("standby"), "data"));
        using var receiver = await Receiver.StreamingAsync(vault, Both(primary, standby));
        await vault.BackupAsync(primary);
        await primary.ExecuteAsync("INSERT INTO t VALUES (1)");
        var before = await primary.ReceivedAllAsync();
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{before}'");
        await primary.KillAsync();
        await standby.PromoteAsync();
        await standby.ExecuteAsync("INSERT INTO t VALUES (2)");
        await receiver.WaitForTextAsync("timeline 2, from");
        await standby.ReceivedAllAsync();
        await standby.ExecuteAsync("SELECT pg_switch_wal()");
        await standby.ExecuteAsync("INSERT INTO t VALUES (3)");
        await standby.ReceivedAllAsync();
        await receiver.StopAsync();
        await standby.KillAsync();

        Assert.Equal(2, Assert.Single(receiver.Events("historyStored")).Number("timeline"));
        await using var restored = await vault.RecoverAsync(primary, "r");
        Assert.Equal(6L, await restored.ScalarAsync<long>("SELECT sum(a) FROM t"));
        Assert.Equal(3, await restored.ScalarAsync<int>("SELECT timeline_id FROM pg_control_checkpoint()"));

        // The timeline that was left keeps its last pieces, and can be recovered along itself.
        await using var old = await vault.RecoverAsync(primary, "old", "--target-timeline", "1");
        Assert.Equal(1L, await old.ScalarAsync<long>("SELECT sum(a) FROM t"));
        await vault.JsonAsync("check", "--read-data");
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task The_promotion_of_the_standby_that_is_streamed_from_is_followed(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(major);
        await primary.ExecuteAsync("CREATE TABLE t(a int)");
        await vault.BackupAsync(primary);
        await using var standby = await primary.StartStandbyAsync(
            Path.Combine(vault.Folder.CreateForPostgres("standby"), "data"));
        using var receiver = await Receiver.StreamingAsync(vault, standby.ConnInfo());
        await primary.ExecuteAsync("INSERT INTO t VALUES (1)");
        await primary.ExecuteAsync("SELECT pg_switch_wal()");
        await primary.ExecuteAsync("INSERT INTO t VALUES (2)");
        var before = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync(
            "received",
            $"SELECT coalesce(max(flush_lsn) >= '{before}', false) FROM pg_stat_replication WHERE application_name = 'lifeboat'");
        await primary.StopAsync();
        await standby.PromoteAsync();
        await standby.ExecuteAsync("INSERT INTO t VALUES (3)");
        await receiver.WaitForTextAsync("timeline 2, from");
        await standby.ReceivedAllAsync();
        await receiver.StopAsync();

        await using var restored = await vault.RecoverAsync(primary, "r");
        Assert.Equal(6L, await restored.ScalarAsync<long>("SELECT sum(a) FROM t"));
        await vault.JsonAsync("check", "--read-data");
    }

    private static string Both(PostgresServer first, PostgresServer second) =>
        $"host={first.SocketFolder},{second.SocketFolder} port={first.Port},{second.Port} user=postgres dbname=postgres"
        + " target_session_attrs=primary";
}
