using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

public sealed class WaldumpJudgeTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Every_record_of_a_busy_server_is_read_as_pg_waldump_reads_it(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        await workload.IndexesAsync();
        await workload.TransactionsAsync();
        await workload.Server.PgbenchInitAsync(1);
        await workload.Server.PgbenchTransactionsAsync(clients: 4, transactions: 300);
        await workload.FinishAsync();

        var comparison = await WaldumpRun.CompareAsync(workload, Timeline.First);

        Assert.Empty(comparison.Differences);
        Assert.True(comparison.Records > 20_000 && comparison.Blocks.Images > 500);
        string[] kinds = ["COMMIT", "ABORT", "COMMIT_PREPARED", "ABORT_PREPARED", "RESTORE_POINT", "CHECKPOINT_ONLINE"];
        Assert.Empty(kinds.Except(comparison.Bodies.Keys));
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task After_a_kill_and_a_promotion_both_timelines_are_read_as_pg_waldump_reads_them(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        await workload.IndexesAsync();
        await workload.Server.KillAsync();
        await workload.Server.StartAsync();
        await workload.TransactionsAsync();
        await workload.RunAsync("select pg_switch_wal()");
        await workload.RunAsync("insert into t values (-9, '{2}', point(1, 1), '2000-01-02', 'partial')");
        await workload.Server.StopAsync();
        PromoteAtNextStart(workload.Server.DataDirectory);
        await workload.Server.StartAsync();
        (await workload.Server.RunAsync("psql", "-XAtq", "-d", "postgres", "-c", "select pg_promote()")).Expect();
        await workload.TransactionsOnNewTimelineAsync();
        await workload.FinishAsync();

        var one = await WaldumpRun.CompareAsync(workload, Timeline.First);
        var two = await WaldumpRun.CompareAsync(workload, new Timeline(2));

        Assert.Empty(one.Differences);
        Assert.Empty(two.Differences);
        Assert.Contains("END_OF_RECOVERY", two.Bodies.Keys);
        Assert.Contains("RESTORE_POINT", two.Bodies.Keys);
    }

    private static void PromoteAtNextStart(string data)
    {
        File.WriteAllText(Path.Combine(data, "standby.signal"), "");
        File.AppendAllText(Path.Combine(data, "postgresql.auto.conf"), "\nrestore_command = 'false'\n");
    }
}
