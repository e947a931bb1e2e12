using System.Diagnostics;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Faults;

/// <summary>kill -9 of the program at moments of the seed's choice, from its first instruction to its last.</summary>
public sealed class KilledProgramTests
{
    private static int Rounds => Sample.IsWhole ? 25 : 4;

    /// <summary>One by chance; or all.</summary>
    public static TheoryData<int> Majors(string purpose) =>
        new(Sample.Of(purpose, 1, PostgresInstallation.Majors).ToArray());

    [Theory]
    [MemberData(nameof(Majors), "killed backup")]
    public Task Backups_killed_at_any_moment_leave_only_whole_ones_listed(int major) => Sample.SeededAsync(async () =>
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(2);
        var random = Sample.Numbers($"killed backup {major}");
        var began = Stopwatch.GetTimestamp();
        var reported = new List<string> { (await vault.BackupAsync(server)).Text("id") };
        var longest = Stopwatch.GetElapsedTime(began);
        for (var round = 0; round < Rounds; round++)
        {
            // Something new each time, so that there is something to copy.
            await server.PgbenchTransactionsAsync(clients: 2, transactions: 200);
            using var backup = RunningProgram.Start(
                BackupCommand(vault, server, "--kind", random.Next(2) == 0 ? "full" : "incremental"));
            await Task.Delay(longest * random.NextDouble());
            await backup.KillAsync();

            // One that was killed behind its last step may be there: it is whole, as the check below finds.
            var listed = await vault.ListedAsync();
            Assert.Empty(reported.Except(listed));
            await server.WaitUntilAsync(
                "out of backup mode",
                "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name ~* 'lifeboat')");
            Assert.False(await server.IsInBackupModeAsync());
        }

        var last = await vault.BackupAsync(server, "--kind", "incremental");
        Assert.Equal(("incremental", "wal"), (last.Text("kind"), last.Text("method")));
        reported.Add(last.Text("id"));
        Assert.Empty(reported.Except(await vault.ListedAsync()));
        (await vault.RunAsync("check", "--read-data")).Expect();
        var at = 0;
        foreach (var id in await vault.ListedAsync())
        {
            await using var restored = await vault.RecoverAsync(
                server, $"r{at++}", "--backup", id, "--target-immediate");
            await PgbenchBank.CheckAsync(restored);
        }
    });

    [Theory]
    [MemberData(nameof(Majors), "killed push")]
    public Task Pushes_killed_at_any_moment_lose_no_segment_and_change_none(int major) => Sample.SeededAsync(async () =>
    {
        using var vault = await Vault.CreateAsync();
        var random = Sample.Numbers($"killed push {major}");
        // From 1 to 200 ms, short ones as often as long ones: a push takes some ten.
        var delays = Enumerable.Range(0, 3 * Rounds)
            .Select(at => at % 3 == 2 ? null : (double?)(0.001 * Math.Pow(200, random.NextDouble())));
        var archiver = new KilledArchiver(vault, delays);
        await using var server = await PostgresServer.StartNewAsync(
            major,
            vault.Archiving(PostgresOptions.Default with { WalSegmentMegabytes = 1 }) with
            {
                ArchiveCommand = archiver.Command,
                Settings = new Dictionary<string, string> { ["wal_keep_size"] = "2GB" },
            });
        await server.PgbenchInitAsync(1);
        using (var load = server.PgbenchStart(clients: 2))
        {
            // Each new segment wakes an archiver that has given up for a while.
            for (var segment = 0; segment < 2 * Rounds; segment++)
            {
                await server.ExecuteAsync("SELECT pg_switch_wal()");
                await Task.Delay(500);
            }

            await load.KillAsync();
        }

        await server.ArchiveAllAsync();
        Assert.True(archiver.Killed > 0, "every push was quicker than its killer");
        (await vault.RunAsync("check", "--read-data")).Expect();
        var wal = Path.Combine(server.DataDirectory, "pg_wal");
        var archived = Directory.GetFiles(Path.Combine(wal, "archive_status"), "*.done")
            .Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(name => name.Length == 24).ToList();
        Assert.True(archived.Count >= Rounds);
        var back = vault.Folder.CreateForPostgres("back");
        foreach (var name in Sample.Of($"compared {major}", 12, archived.Order(StringComparer.Ordinal)))
        {
            (await vault.RunAsync(
                "wal", "fetch", name, Path.Combine(back, name), "--cluster-dir", server.DataDirectory)).Expect();
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(wal, name)),
                await File.ReadAllBytesAsync(Path.Combine(back, name)));
        }
    });

    [Theory]
    [MemberData(nameof(Majors), "killed restore")]
    public Task A_restore_killed_at_any_moment_is_repeated_into_the_same_directory(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
            await server.PgbenchInitAsync(2);
            await vault.BackupAsync(server);
            await server.ArchiveAllAsync();
            var random = Sample.Numbers($"killed restore {major}");
            var began = Stopwatch.GetTimestamp();
            await using (var whole = await vault.RestoreAsync(server, "whole"))
            {
            }

            var longest = Stopwatch.GetElapsedTime(began);
            var directory = Path.Combine(vault.Folder.CreateForPostgres("r"), "data");
            for (var round = 0; round < Rounds; round++)
            {
                using var restore = RunningProgram.Start(vault.Command("restore", "--to", directory));
                await Task.Delay(longest * random.NextDouble());
                await restore.KillAsync();
                if (File.Exists(Path.Combine(directory, "global", "pg_control")))
                {
                    // It was past its last file: the copy is whole, and the next round begins anew.
                    await Judges.VerifyBackupAsync(major, WithoutMark(directory));
                    PostgresUser.Coreutils("rm", "-rf", "--", directory);
                }
            }

            await vault.JsonAsync("restore", "--to", directory);
            await Judges.VerifyBackupAsync(major, directory);
            await using var restored = PostgresServer.Over(major, directory, server.Options);
            await restored.StartAsync();
            await restored.WaitUntilPromotedAsync();
            Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
        });

    [Theory]
    [MemberData(nameof(Majors), "killed server")]
    public Task A_server_killed_in_mid_backup_fails_it_and_the_next_one_works(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
            await server.PgbenchInitAsync(3);
            using (var backup = RunningProgram.Start(BackupCommand(
                vault, server, "--jobs", "1", "--compression-level", "12")))
            {
                await backup.WaitForTextAsync("copying");
                await Task.Delay(Sample.Numbers($"killed server {major}").Next(800));
                await server.KillAsync();
                var result = (await backup.WaitAsync()).Expect(exitCode: 8);
                Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
            }

            Assert.Empty(await vault.ListedAsync());
            await server.StartAsync();
            Assert.False(await server.IsInBackupModeAsync());
            var whole = await vault.BackupAsync(server);
            Assert.Equal([whole.Text("id")], await vault.ListedAsync());
            (await vault.RunAsync("check", "--read-data")).Expect();
            await using var restored = await vault.RecoverAsync(server, "r");
            Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
        });

    private static ProgramStart BackupCommand(
        Vault vault, PostgresServer server, params IReadOnlyList<string> more) =>
        vault.Command(
            ["backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(), .. more]);

    /// <summary>pg_verifybackup takes the mark for a file that does not belong there.</summary>
    private static string WithoutMark(string directory)
    {
        File.Delete(Path.Combine(directory, "lifeboat.restoring"));
        return directory;
    }
}
