using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

public sealed class DamagedPageTests
{
    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public async Task A_damaged_page_of_the_server_is_named_and_the_backup_is_listed(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(1);
        await server.ExecuteAsync("CHECKPOINT");
        var path = await server.ScalarAsync<string>("SELECT pg_relation_filepath('pgbench_accounts')");
        Flip(Path.Combine(server.DataDirectory, path), (3 * 8192) + 4000);
        Flip(Path.Combine(server.DataDirectory, path), (900 * 8192) + 5);

        var backup = await vault.BackupAsync(server);

        Assert.Equal(2, backup.Number("checksumErrors"));
        Assert.Equal(2, backup.Texts("damagedPages").Length);
        Assert.All(backup.Texts("damagedPages"), page => Assert.Contains(path, page, StringComparison.Ordinal));
        Assert.Contains(backup.Texts("warnings"), warning => warning.Contains(path, StringComparison.Ordinal));
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());

        // The damage is in the backup as it was: its checksums are those of that moment.
        await using var restored = await vault.RestoreAsync(server, "r");
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Pages_that_are_written_while_they_are_read_are_not_damaged(int major)
    {
        using var vault = await Vault.CreateAsync();
        var busy = new Dictionary<string, string>
        {
            ["shared_buffers"] = "1MB",
            ["bgwriter_delay"] = "10ms",
            ["bgwriter_lru_maxpages"] = "1000",
            ["full_page_writes"] = "on",
        };
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving(PostgresOptions.Default with { Settings = busy }));
        await server.PgbenchInitAsync(2);
        using var load = server.PgbenchStart(clients: 4);
        await server.WaitUntilAsync("loaded", "SELECT count(*) > 20 FROM pgbench_history");

        for (var round = 0; round < 2; round++)
        {
            var backup = await vault.BackupAsync(server);
            Assert.Equal(0, backup.Number("checksumErrors"));
            Assert.Empty(backup.Texts("warnings"));
        }

        await load.KillAsync();
    }

    internal static void Flip(string path, long offset)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var old = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(old ^ 0x10));
    }
}
