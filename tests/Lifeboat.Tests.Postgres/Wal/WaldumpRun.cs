using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>Compares a workload's archive with what the pg_waldump of its server says of it.</summary>
internal static class WaldumpRun
{
    internal static async Task<WaldumpComparison> CompareAsync(WalWorkload workload, Timeline timeline)
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
        var reader = comparison.Run(segments);
        Assert.Equal((WalReaderState.NeedsMore, workload.Server.Major), (reader.State, reader.Major));
        return comparison;
    }

    internal delegate void RecordAction(in WalRecord record);

    /// <summary>Every record of the first timeline.</summary>
    internal static void ForEach(WalWorkload workload, RecordAction action)
    {
        var reader = new WalRecordReader();
        foreach (var (name, content) in WalFolder.Read(workload.Archive, WalWorkload.Size, Timeline.First))
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                action(record);
            }
        }
    }
}
