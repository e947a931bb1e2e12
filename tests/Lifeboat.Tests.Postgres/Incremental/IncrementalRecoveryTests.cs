using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>A bank whose incremental backups are taken while it works, each judged by recovery from it alone.</summary>
public sealed class IncrementalRecoveryTests
{
    private const int Clients = 3;

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public Task Every_backup_of_a_series_recovers_by_itself(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync(Sample.Of($"incremental {major}", 1, Enum.GetValues<Encryption>())[0]);
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
            await server.PgbenchInitAsync(2);
            var ids = new List<string>();
            using (var load = server.PgbenchStart(Clients))
            {
                ids.Add((await vault.BackupAsync(server)).Text("id"));
                for (var number = 0; number < 3; number++)
                {
                    await server.ExecuteAsync(
                        $"CREATE TABLE IF NOT EXISTS more(n int, t text); INSERT INTO more SELECT {number}, md5(i::text)"
                        + " FROM generate_series(1, 3000) i; DELETE FROM more WHERE n = 0 AND length(t) > 0");
                    await server.ExecuteAsync("VACUUM more");
                    var backup = await vault.BackupAsync(server, "--kind", "incremental");
                    Assert.Equal(
                        ("incremental", "wal", ids[^1]), (backup.Text("kind"), backup.Text("method"), backup.Text("parent")));
                    Assert.True(backup.GetProperty("bytesRead").GetInt64() < backup.GetProperty("bytesTotal").GetInt64());
                    ids.Add(backup.Text("id"));
                }

                await load.KillAsync();
            }

            await server.ArchiveAllAsync();
            (await vault.RunAsync("check", "--read-data")).Expect();
            (await vault.RunAsync("expire", ids[0], "--reason", "test")).Expect();
            Assert.Equal(ids[1..], await vault.ListedAsync());
            foreach (var id in Sample.Of($"recovered {major}", 1, ids[1..]))
            {
                await using var restored = await vault.RecoverAsync(
                    server, $"r{id}", "--backup", id, "--target-immediate");
                await PgbenchBank.CheckAsync(restored);
                await Judges.AmCheckAsync(restored);
                await Judges.VisibilityAsync(restored);
                await restored.StopAsync();
                await Judges.ChecksumsAsync(major, restored.DataDirectory);
            }
        });

    [Fact]
    public async Task An_incremental_backup_of_a_server_without_one_is_a_full_one_and_says_so()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());

        var backup = await vault.BackupAsync(server, "--kind", "incremental");

        Assert.Equal(("full", "files"), (backup.Text("kind"), backup.Text("method")));
        Assert.Contains("no earlier backup", backup.Text("fallbackReason"), StringComparison.Ordinal);
        var error = await vault.ErrorAsync(
            2, "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(), "--kind", "auto", "--store-anew");
        Assert.Contains("--store-anew", error.Text("cause"), StringComparison.Ordinal);
    }
}
