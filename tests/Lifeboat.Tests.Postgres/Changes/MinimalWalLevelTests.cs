using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres.Changes;

public sealed class MinimalWalLevelTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_stretch_in_which_wal_level_was_minimal_has_no_answer(int major)
    {
        await using var server = await ChangeServer.StartAsync(major, ("wal_keep_size", "200MB"));
        await server.RunAsync("create table t as select 1;\nselect pg_switch_wal();\ncheckpoint;\n");
        var from = server.Control().CheckPointCopy.Redo;
        await SetAsync(server, ("wal_level", "minimal"), ("archive_mode", "off"), ("max_wal_senders", "0"));
        // Not a record of it in the WAL.
        await server.RunAsync("begin;\ncreate table unseen as select i from generate_series(1, 9000) i;\ncommit;\n");
        await SetAsync(server, ("wal_level", "replica"), ("archive_mode", "on"), ("max_wal_senders", "8"));
        await server.RunAsync("checkpoint;\n");
        var to = server.Control().CheckPointCopy.Redo;
        await server.RunAsync("insert into t values (2);\nselect pg_switch_wal();\n");
        await server.Server.StopAsync();
        await server.PushArchivedAsync();

        var over = Assert.IsType<ChangedBlocksAnswer.Unknown>(await server.FindAsync(from, to, Lsn.Max));
        var behind = await server.FindAsync(to, server.Control().CheckPointCopy.Redo, Lsn.Max);

        Assert.Equal(ChangesUnknown.MinimalWalLevel, over.Reason);
        Assert.IsType<ChangedBlocksAnswer.Known>(behind);
    }

    private static async Task SetAsync(ChangeServer server, params (string Name, string Value)[] settings)
    {
        foreach (var (name, value) in settings)
        {
            await server.Server.ExecuteAsync($"alter system set {name} = '{value}'");
        }

        await server.Server.RestartAsync();
    }
}
