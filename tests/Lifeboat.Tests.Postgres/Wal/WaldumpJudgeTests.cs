using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Wal;
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

        var (comparison, reader) = await CompareAsync(workload, new Timeline(1));

        Assert.Empty(comparison.Differences);
        Assert.Equal((WalReaderState.NeedsMore, major), (reader.State, reader.Major));
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

        var (one, _) = await CompareAsync(workload, new Timeline(1));
        var (two, _) = await CompareAsync(workload, new Timeline(2));

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

    private static async Task<(WaldumpComparison Comparison, WalRecordReader Reader)> CompareAsync(
        WalWorkload workload, Timeline timeline)
    {
        var segments = WalFolder.Read(workload.Archive, WalWorkload.Size, timeline).ToList();
        var dump = await RunningProgram.RunAsync(new ProgramStart(
            workload.Server.Installation.Tool("pg_waldump"),
            ["-p", workload.Archive, "-t", $"{timeline}", $"{segments[0].Name}", $"{segments[^1].Name}"])
        {
            AsPostgres = true,
            Environment = new Dictionary<string, string?> { ["TZ"] = "UTC" },
        });
        var comparison = new WaldumpComparison(dump.Expect().Output.Split('\n'));
        return (comparison, comparison.Run(segments));
    }
}
