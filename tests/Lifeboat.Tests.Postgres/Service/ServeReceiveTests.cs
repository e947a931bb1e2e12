using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Service;

/// <summary>One service that pushes and streams: no segment has to be full for its commits to be safe.</summary>
public sealed class ServeReceiveTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_service_that_streams_has_what_its_dead_server_committed_and_never_archived(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.CreateAsync(major, vault.Archiving());
        await using var attendant = await Attendant.OfAsync(vault, server.DataDirectory, "a");
        await server.StartAsync();
        await server.ExecuteAsync("CREATE TABLE t AS SELECT 0 AS i");
        await attendant.StartAsync("--receive", "--create-slot", "--connection", server.ConnInfo());
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();

        await server.ExecuteAsync("INSERT INTO t VALUES (1)");
        var position = await server.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await server.WaitUntilAsync(
            "streamed", $"SELECT count(*) > 0 FROM pg_stat_replication WHERE flush_lsn >= '{position}'");
        var receive = attendant.Health().GetProperty("duties").GetProperty("receive");
        Assert.Equal("streaming", receive.Text("state"));
        Assert.Equal("lifeboat", receive.Text("slot"));
        await server.KillAsync();

        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(2L, await restored.ScalarAsync<long>("SELECT count(*) FROM t"));
        var stopped = await attendant.StopAsync();
        stopped.Expect();
    }
}
