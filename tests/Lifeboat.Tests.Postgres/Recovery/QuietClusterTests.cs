using System.Text.Json;
using System.Text.RegularExpressions;
using Lifeboat.Platform.Checksums;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A cluster in which nothing happens can be compared with its restored copy byte by byte.</summary>
public sealed partial class QuietClusterTests
{
    /// <summary>Bytes of the table; above 1 GiB it has a second segment.</summary>
    public static TheoryData<int, int> Sizes() => Sample.IsWhole
        ? new() { { 13, 20 }, { 15, 20 }, { 17, 1100 }, { 18, 20 } }
        : new() { { Sample.Of("quiet", 1, PostgresInstallation.Majors)[0], 20 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public Task Every_relation_is_restored_as_it_was_and_the_manifest_tells_its_checksum_of_that_moment(
        int major, int megabytes) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with
                {
                    Settings = new Dictionary<string, string> { ["autovacuum"] = "off", ["max_wal_size"] = "4GB" },
                }));
            await server.ExecuteAsync("CREATE TABLE wide(t text); ALTER TABLE wide ALTER t SET STORAGE PLAIN");
            await server.ExecuteAsync(
                $"INSERT INTO wide SELECT repeat(md5(i::text), 250) FROM generate_series(1, {megabytes * 128}) i");
            // What is frozen is not changed by whoever looks at it.
            await server.ExecuteAsync("VACUUM FREEZE");
            await server.ExecuteAsync("CHECKPOINT");
            await vault.BackupAsync(server);
            await using var restored = await vault.RestoreAsync(server, "r");
            await server.StopAsync();

            var compared = 0;
            foreach (var (path, checksum) in Manifest(restored.DataDirectory)
                .Where(file => Relation().IsMatch(file.Key)))
            {
                var source = Path.Combine(server.DataDirectory, path);
                Assert.Equal(checksum, Crc(source));
                Assert.Equal(checksum, Crc(Path.Combine(restored.DataDirectory, path)));
                compared++;
            }

            Assert.True(compared > 500, $"only {compared} relations");
            await restored.StartAsync();
            await restored.WaitUntilPromotedAsync();
            Assert.Equal((long)megabytes * 128, await restored.ScalarAsync<long>("SELECT count(*) FROM wide"));
        });

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_restored_directory_that_was_changed_does_not_pass_for_the_backup(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await vault.BackupAsync(server);
        await using var restored = await vault.RestoreAsync(server, "r");
        var version = Path.Combine(restored.DataDirectory, "base", "1", "PG_VERSION");

        await File.WriteAllTextAsync(version, "99\n");
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Judges.VerifyBackupAsync(major, restored.DataDirectory));
        File.Delete(version);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Judges.VerifyBackupAsync(major, restored.DataDirectory));
    }

    private static Dictionary<string, string> Manifest(string directory)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "backup_manifest")));
        return manifest.RootElement.GetProperty("Files").EnumerateArray()
            .Where(file => file.TryGetProperty("Path", out _))
            .ToDictionary(
                file => file.GetProperty("Path").GetString()!, file => file.GetProperty("Checksum").GetString()!);
    }

    // PostgreSQL writes the four bytes as they lie in memory.
    private static string Crc(string path)
    {
        using var file = File.OpenRead(path);
        var buffer = new byte[1 << 20];
        var crc = 0u;
        int count;
        while ((count = file.Read(buffer)) > 0)
        {
            crc = Crc32C.Append(crc, buffer.AsSpan(0, count));
        }

        return Convert.ToHexStringLower(BitConverter.GetBytes(crc));
    }

    [GeneratedRegex(@"^(global|base/\d+)/\d+(_[a-z]+)?(\.\d+)?$")]
    private static partial Regex Relation();
}
