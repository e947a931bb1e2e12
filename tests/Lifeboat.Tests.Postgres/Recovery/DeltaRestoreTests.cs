using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A restore over the data directory of a server that was stopped, and that is damaged, older or newer.</summary>
public sealed class DeltaRestoreTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public Task A_restore_in_place_writes_what_differs_and_leaves_just_the_backup(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
            await server.PgbenchInitAsync(2);
            var space = vault.Folder.CreateForPostgres("space");
            await server.ExecuteAsync($"CREATE TABLESPACE far LOCATION '{space}'");
            await server.ExecuteAsync("CREATE TABLE t TABLESPACE far AS SELECT i, md5(i::text) FROM generate_series(1, 9000) i");
            var backup = await vault.BackupAsync(server);
            await server.PgbenchTransactionsAsync(clients: 2, transactions: 200);
            await server.ExecuteAsync("DROP TABLE t");
            await server.ExecuteAsync("CREATE TABLE later TABLESPACE far AS SELECT generate_series(1, 5000)");
            await server.ExecuteAsync("SELECT pg_create_restore_point('kept')");
            await server.ArchiveAllAsync();
            await server.ExecuteAsync("INSERT INTO later VALUES (-1)");
            await server.StopAsync();
            Directory.CreateDirectory(Path.Combine(space, "not ours"));
            await DamageAsync(server, Sample.Numbers($"delta {major}"));

            var plan = await RestoreAsync(vault, server, "--dry-run", "--target-name", "kept");
            Assert.True(plan.GetProperty("delta").GetProperty("removedCount").GetInt32() > 1);
            Assert.True(File.Exists(Path.Combine(server.DataDirectory, "base", "foreign")));
            var restored = await RestoreAsync(vault, server, "--target-name", "kept");

            await Judges.VerifyBackupAsync(major, server.DataDirectory);
            var (written, total) = (restored.GetProperty("bytesWritten").GetInt64(), restored.GetProperty("bytes").GetInt64());
            Assert.True(written < total / 2, $"{written} of {total}");
            var wal = restored.GetProperty("delta").Text("walKeptIn");
            Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(server.DataDirectory, wal), "0*"));
            Assert.True(Directory.Exists(Path.Combine(space, "not ours")));
            await JudgeAgainstFreshAsync(vault, server, backup.Text("id"));

            await server.StartAsync();
            await server.WaitUntilPromotedAsync();
            Assert.Equal(2 * 200, (await PgbenchBank.CheckAsync(server)).Transactions);
            Assert.Equal(5000L, await server.ScalarAsync<long>("SELECT count(*) FROM later"));
            await Judges.AmCheckAsync(server);
            await server.StopAsync();
            await Judges.ChecksumsAsync(major, server.DataDirectory);
        });

    [Fact]
    public async Task What_is_no_stopped_directory_of_this_cluster_is_refused_and_left_as_it_is()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await vault.BackupAsync(server);

        var running = await vault.ErrorAsync(13, "restore", "--to", server.DataDirectory, "--delta");
        Assert.Contains("postmaster.pid", running.Text("cause"), StringComparison.Ordinal);
        Assert.Equal(1, await server.ScalarAsync<int>("SELECT 1"));
        await using var other = await PostgresServer.StartNewAsync(17);
        await other.StopAsync();
        var foreign = await vault.ErrorAsync(10, "restore", "--to", other.DataDirectory, "--delta");
        Assert.Contains("another cluster", foreign.Text("cause"), StringComparison.Ordinal);
        await other.StartAsync();
        var home = vault.Folder.CreateForPostgres("home");
        await File.WriteAllTextAsync(Path.Combine(home, "letter"), "", TestContext.Current.CancellationToken);
        var unknown = await vault.ErrorAsync(12, "restore", "--to", home, "--delta");
        Assert.Contains("pg_control", unknown.Text("cause"), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(home, "letter")));
    }

    private static Task<System.Text.Json.JsonElement> RestoreAsync(
        Vault vault, PostgresServer server, params IReadOnlyList<string> more) =>
        vault.JsonAsync(["restore", "--to", server.DataDirectory, "--delta", .. more]);

    /// <summary>All that a restore to an empty directory writes is here too, and nothing else.</summary>
    private static async Task JudgeAgainstFreshAsync(Vault vault, PostgresServer server, string backup)
    {
        var fresh = Path.Combine(vault.Folder.CreateForPostgres("fresh"), "data");
        await vault.JsonAsync(
            "restore", "--to", fresh, "--backup", backup, "--target-name", "kept",
            "--tablespace-root", vault.Folder.CreateForPostgres("fresh-space"));
        (await RunningProgram.RunAsync(new ProgramStart(
            "diff",
            [
                "-r", "-x", "lifeboat.lineage", "-x", "backup_manifest", "-x", "lifeboat.kept-*", "-x", "not ours",
                fresh, server.DataDirectory,
            ]))).Expect();
    }

    private static async Task DamageAsync(PostgresServer server, Random random)
    {
        var token = TestContext.Current.CancellationToken;
        var files = Directory.EnumerateFiles(Path.Combine(server.DataDirectory, "base"), "*", SearchOption.AllDirectories)
            .Where(file => new FileInfo(file).Length >= 8192)
            .Order(StringComparer.Ordinal)
            .ToArray();
        random.Shuffle(files);
        foreach (var file in files[..20])
        {
            await using var stream = File.OpenWrite(file);
            stream.Position = random.NextInt64(stream.Length);
            stream.WriteByte((byte)random.Next(256));
        }

        File.Delete(files[20]);
        await using (var cut = File.OpenWrite(files[21]))
        {
            cut.SetLength(cut.Length / 2);
        }

        await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "base", "foreign"), "foreign", token);
        await File.WriteAllTextAsync(files[22], "foreign", token);
    }
}
