using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// A repository on a file system that is really full: a small one in memory, which takes root to mount.
/// </summary>
public sealed class FullRepositoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FullRepositoryTests()
    {
        Place = _folder.Create("small");
        PostgresUser.Coreutils("mount", "-t", "tmpfs", "-o", "size=14m,mode=777", "lifeboat-test", Place);
    }

    private string Place { get; }

    [Fact]
    public async Task A_repository_that_is_full_fails_the_backup_and_the_archiver_and_loses_nothing()
    {
        using var vault = await Vault.CreateAsync(Encryption.None, Path.Combine(Place, "repository"));
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        var first = await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        await server.ExecuteAsync(
            "CREATE TABLE more AS SELECT md5(i::text) || md5((-i)::text) AS m FROM generate_series(1, 300000) i");
        await server.WaitUntilAsync("full", "SELECT failed_count > 0 FROM pg_stat_archiver");

        await vault.ErrorAsync(
            7, "backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo());
        Assert.Contains("No space", server.Log, StringComparison.OrdinalIgnoreCase);
        Assert.Equal([first.Text("id")], await vault.ListedAsync());
        Assert.False(await server.IsInBackupModeAsync());

        PostgresUser.Coreutils("mount", "-o", "remount,size=300m", Place);
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        (await vault.RunAsync("check", "--read-data")).Expect();
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(300_000L, await restored.ScalarAsync<long>("SELECT count(*) FROM more"));
    }

    public void Dispose()
    {
        PostgresUser.Coreutils("umount", "--lazy", Place);
        _folder.Dispose();
    }
}
