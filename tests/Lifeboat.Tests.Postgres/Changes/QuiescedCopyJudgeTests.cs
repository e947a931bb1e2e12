using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Changes;

public sealed class QuiescedCopyJudgeTests
{
    private static int Steps => Sample.IsWhole ? 120 : 40;

    public static TheoryData<int> Unchecked() =>
        [.. Sample.Of("quiesced without checksums", 1, PostgresInstallation.Majors)];

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public Task Every_page_that_differs_between_two_quiesced_copies_was_listed(int major) =>
        JudgeAsync(major, checksums: true);

    [Theory]
    [MemberData(nameof(Unchecked))]
    public Task Without_checksums_every_page_that_differs_in_more_than_hints_was_listed(int major) =>
        JudgeAsync(major, checksums: false);

    private static Task JudgeAsync(int major, bool checksums) =>
        Sample.SeededAsync(async () =>
        {
            await using var server = await ChangeServer.StartAsync(major, checksums);
            await server.Server.PgbenchInitAsync(1);
            await server.RunAsync(ChangeSteps.Base);
            var numbers = Sample.Numbers($"quiesced {major}");
            await server.RunStepsAsync(numbers, 6);
            await server.RunAsync("checkpoint;\n");
            await server.Server.StopAsync();
            using var before = await RelationCopy.TakeAsync(server);
            var from = server.Control().CheckPointCopy.Redo;
            await server.Server.StartAsync();
            await server.RunStepsAsync(numbers, Steps / 3);
            await server.PromoteAsync();
            await server.RunStepsAsync(numbers, Steps / 3);
            await server.Server.KillAsync();
            await server.Server.StartAsync();
            await server.RunStepsAsync(numbers, Steps / 3);
            await server.RunAsync("checkpoint;\n");
            await server.Server.StopAsync();
            await server.PushArchivedAsync();
            var to = server.Control().CheckPointCopy.Redo;

            var known = Assert.IsType<ChangedBlocksAnswer.Known>(await server.FindAsync(from, to, Lsn.Max));
            var comparison = PageComparison.Run(before, RelationCopy.Of(server), known.Changes, checksums);

            Assert.Empty(comparison.Unlisted);
            Assert.True(
                comparison is { Main: > 300, VisibilityMap: > 3, Same: > 1000 },
                $"{comparison.Main} {comparison.VisibilityMap} {comparison.Same}");
            Assert.Equal(checksums, comparison.Hints == 0);
            Assert.Equal(2u, server.Timeline.Value);
            Assert.True(known.Sources is { Stored: > 10, Rebuilt: 0, Live: > 0 }, $"{known.Sources}");
        });
}
