using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Changes;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>
/// A series of incremental backups of a server that stands still at each: what the last one holds is the data directory,
/// byte for byte, without any replay.
/// </summary>
public sealed class IncrementalJudgeTests
{
    /// <summary>Between the archiver and the repository there is a folder here: what it has just taken must not be gone.</summary>
    private static readonly (string, string) s_keepSome = ("wal_keep_size", "4MB");

    private static int Rounds => Sample.IsWhole ? 20 : 4;

    /// <summary>Each major with page checksums, and one of them without; or all.</summary>
    public static TheoryData<int, bool> Clusters() =>
    [
        .. PostgresInstallation.Majors.Select(major => (major, true)),
        .. Sample.Of("incremental without checksums", 1, PostgresInstallation.Majors).Select(major => (major, false)),
    ];

    [Theory]
    [MemberData(nameof(Clusters))]
    public Task Each_backup_of_a_series_holds_the_data_directory_byte_for_byte(int major, bool checksums) =>
        Sample.SeededAsync(async () =>
        {
            await using var server = await ChangeServer.StartAsync(major, checksums, s_keepSome);
            await server.Server.PgbenchInitAsync(1);
            await server.RunAsync(ChangeSteps.Base);
            var numbers = Sample.Numbers($"incremental {major} {checksums}");
            var last = await ChangeBackups.TakeAsync(server, BackupKind.Full);
            Assert.Equal(BackupMethods.Files, last.Method);
            var full = last;
            for (var round = 0; round < Rounds; round++)
            {
                await server.RunStepsAsync(numbers, 8);
                if (round % 4 == 1)
                {
                    await server.PromoteAsync();
                }
                else if (round % 4 == 2)
                {
                    await server.Server.KillAsync();
                    await server.Server.StartAsync();
                }

                var backup = await ChangeBackups.TakeAsync(server, BackupKind.Incremental);
                Assert.True(backup.FallbackReason is null, $"round {round}: {backup.FallbackReason}");
                Assert.Equal((BackupKinds.Incremental, BackupMethods.Wal, last.Id), (backup.Kind, backup.Method, backup.Parent));
                await RequireSameAsync(server, backup, $"round {round}");
                Assert.True(backup.Sizes.Read < backup.Sizes.Total, $"{backup.Sizes}");
                last = backup;
            }

            var again = await ChangeBackups.TakeAsync(server, BackupKind.Incremental);
            Assert.True(again.Sizes.Read < again.Sizes.Total / 4, $"nothing changed, and read: {again.Sizes}");
            await RequireSameAsync(server, again, "nothing changed");
            await BackupCatalog.ExpireAsync(
                server.Cluster, full.Lineage, new TombstoneRecord(full.Id, "test", DateTimeOffset.UnixEpoch), default);
            await RequireSameAsync(server, again, "its first backup expired");
        });

    /// <summary>What is taken from the archive, what the backup then says, and whether WAL still tells all.</summary>
    public static TheoryData<string, string?> Losses() => new()
    {
        { "segment", "neither archived nor in pg_wal" },
        { "content", "damaged" },
        { "summary", null },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public Task What_the_archive_cannot_tell_is_read_and_compared(string lost, string? reason) =>
        Sample.SeededAsync(async () =>
        {
            await using var server = await ChangeServer.StartAsync(17, s_keepSome);
            await server.Server.PgbenchInitAsync(1);
            await server.RunAsync(ChangeSteps.Base);
            var full = await ChangeBackups.TakeAsync(server, BackupKind.Full);
            var numbers = Sample.Numbers($"incremental without {lost}");
            await server.RunStepsAsync(numbers, 6);
            var size = new WalSegmentSize(full.Server.WalSegmentSize);
            var segment = WalSegmentName.OfEnd(full.Timeline, full.StopLsn, size).Next;
            await (lost switch
            {
                "segment" => server.ForgetAsync(segment),
                "content" => server.DamageAsync(segment),
                _ => server.ForgetSummaryAsync(segment),
            });

            var backup = await ChangeBackups.TakeAsync(server, BackupKind.Incremental);

            Assert.Equal(
                (BackupKinds.Incremental, reason is null ? BackupMethods.Wal : BackupMethods.Tags), (backup.Kind, backup.Method));
            if (reason is null)
            {
                Assert.Null(backup.FallbackReason);
            }
            else
            {
                Assert.Contains(reason, backup.FallbackReason, StringComparison.Ordinal);
                Assert.Contains(segment.ToString(), backup.FallbackReason, StringComparison.Ordinal);
                Assert.Contains(
                    backup.Warnings, warning => warning.Contains(backup.FallbackReason!, StringComparison.Ordinal));
            }

            await RequireSameAsync(server, backup, lost);
            var auto = await ChangeBackups.TakeAsync(server, BackupKind.Auto);
            Assert.Equal((BackupKinds.Incremental, BackupMethods.Wal, backup.Id), (auto.Kind, auto.Method, auto.Parent));
        });

    internal static async Task RequireSameAsync(ChangeServer server, BackupManifest backup, string when)
    {
        var (differences, pages) = await BackupImage.CompareAsync(
            server.Cluster,
            backup,
            server.Server.DataDirectory,
            server.Control().HasDataChecksums ? IsSame : IsSameBesideHints);
        Assert.True(differences.Count == 0, $"{when}: {string.Join(", ", differences.Take(20))}");
        Assert.True(pages > 1000, $"{pages}");
    }

    private static bool IsSame(RelationFilePath path, ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) =>
        path.File.Fork == ForkNumber.Main && PageComparison.DiffersInCacheOnly(one.Span, other.Span);

    /// <summary>Where hints are not logged, PostgreSQL changes them in pages that WAL says nothing of.</summary>
    private static bool IsSameBesideHints(
        RelationFilePath path, ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) =>
        IsSame(path, one, other)
        || (path.File.Fork == ForkNumber.Main && PageHints.DifferOnly(one.Span, other.Span));
}
