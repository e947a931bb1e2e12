using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Repository.Backups;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Changes;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>
/// Backups over the network of a server that stands still, with incremental ones from its files laid over them: what each
/// holds is the data directory, byte for byte, without any replay.
/// </summary>
public sealed class StreamedJudgeTests
{
    /// <summary>Each major with page checksums, and one of them without; or all.</summary>
    public static TheoryData<int, bool> Clusters() =>
    [
        .. PostgresInstallation.Majors.Select(major => (major, true)),
        .. Sample.Of("streamed without checksums", 1, PostgresInstallation.Majors).Select(major => (major, false)),
    ];

    [Theory]
    [MemberData(nameof(Clusters))]
    public Task What_the_server_sends_is_the_data_directory_and_a_parent_for_what_comes_from_files(
        int major, bool checksums) =>
        Sample.SeededAsync(async () =>
        {
            await using var server = await ChangeServer.StartAsync(major, checksums, ("wal_keep_size", "4MB"));
            await server.Server.PgbenchInitAsync(1);
            await server.RunAsync(ChangeSteps.Base);
            var numbers = Sample.Numbers($"streamed {major} {checksums}");
            await server.RunStepsAsync(numbers, 8);

            var streamed = await ChangeBackups.TakeAsync(server, BackupKind.Full, streamed: true);
            Assert.Equal((BackupKinds.Full, BackupMethods.Stream), (streamed.Kind, streamed.Method));
            Assert.Equal((null, 0L), (streamed.FallbackReason, streamed.ChecksumErrors));
            Assert.Empty(streamed.Warnings);
            await IncrementalJudgeTests.RequireSameAsync(server, streamed, "streamed");

            // Nothing is known of the inodes: everything is read and compared, and nothing of it stored.
            await server.RunStepsAsync(numbers, 4);
            var over = await ChangeBackups.TakeAsync(server, BackupKind.Incremental);
            Assert.Equal(
                (BackupKinds.Incremental, BackupMethods.Wal, streamed.Id), (over.Kind, over.Method, over.Parent));
            await IncrementalJudgeTests.RequireSameAsync(server, over, "over the streamed one");

            await server.RunStepsAsync(numbers, 4);
            if (major != 17)
            {
                await server.PromoteAsync();
            }

            var again = await ChangeBackups.TakeAsync(server, BackupKind.Auto, streamed: true);
            Assert.Equal((BackupKinds.Full, BackupMethods.Stream, null), (again.Kind, again.Method, again.Parent));
            Assert.Contains("sends everything", again.FallbackReason, StringComparison.Ordinal);
            await IncrementalJudgeTests.RequireSameAsync(server, again, "streamed again");

            var last = await ChangeBackups.TakeAsync(server, BackupKind.Incremental);
            Assert.Equal((BackupMethods.Wal, again.Id), (last.Method, last.Parent));
            await IncrementalJudgeTests.RequireSameAsync(server, last, "nothing changed");
        });
}
