using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>The memory that the program takes to search, which must not follow the length of the WAL.</summary>
public sealed class WalFindMemoryTests
{
    private const long Most = 200L << 20;

    [Fact]
    public async Task A_search_through_many_segments_takes_the_memory_of_a_few()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving(
            PostgresOptions.Default with { WalSegmentMegabytes = 16 }));
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE orders AS SELECT i FROM generate_series(1, 1000) i");
        for (var segment = 0; segment < 40; segment++)
        {
            await server.ExecuteAsync("INSERT INTO orders VALUES (0); SELECT pg_switch_wal()");
        }

        await server.ExecuteAsync("DELETE FROM orders WHERE i > 0");
        await server.ArchiveAllAsync();

        using var program = RunningProgram.Start(vault.Command("find", "--event", "delete", "--output", "json"));
        var peak = 0L;
        while (!program.HasExited)
        {
            peak = Math.Max(peak, program.PeakMemory());
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        var report = Vault.Parse((await program.WaitAsync()).Expect().Output);
        Assert.InRange(report.Number("segments"), 40, 60);
        Assert.Equal(1000, Assert.Single(report.GetProperty("transactions").EnumerateArray()).Number("rows"));
        Assert.InRange(peak, 1, Most);
    }
}
