using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary><c>wal push</c> and <c>wal fetch</c>, as a server's shell starts them.</summary>
public sealed class WalCommandTests
{
    [Theory]
    [InlineData(Encryption.None)]
    [InlineData(Encryption.KeyFile)]
    [InlineData(Encryption.Passphrase)]
    public async Task A_segment_is_archived_once_and_other_content_under_its_name_is_refused(Encryption encryption)
    {
        using var vault = await Vault.CreateAsync(encryption);
        await using var server = await PostgresServer.StartNewAsync(
            17, PostgresOptions.Default with { WalSegmentMegabytes = 1 });
        var segment = await EndSegmentAsync(server);
        var path = Path.Combine(server.DataDirectory, "pg_wal", segment);
        Assert.Equal("stored", (await vault.JsonAsync("wal", "push", path)).Text("result"));
        var objects = vault.Objects();
        Assert.Equal("alreadyStored", (await vault.JsonAsync("wal", "push", path)).Text("result"));
        Assert.Equal(objects, vault.Objects());

        var other = Path.Combine(vault.Folder.CreateForPostgres("other"), segment);
        var content = await File.ReadAllBytesAsync(path);
        content[300_000] ^= 1;
        await File.WriteAllBytesAsync(other, content);
        PostgresUser.Own(other);
        var error = await vault.ErrorAsync(13, "wal", "push", other, "--cluster-dir", server.DataDirectory);
        Assert.Contains("another content", error.Text("cause"), StringComparison.Ordinal);
        Assert.Equal(objects, vault.Objects());

        var back = Path.Combine(vault.Folder.CreateForPostgres("back"), "segment");
        (await vault.RunAsync("wal", "fetch", segment, back)).Expect();
        Assert.Equal(await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(back));
    }

    [Fact]
    public async Task A_fetch_tells_absent_from_unknown_as_the_server_that_asks_must_hear_it()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(15, vault.Archiving());
        await server.ArchiveAllAsync();
        await server.StopAsync();
        var absent = "00000001000000AA000000BB";
        async Task<int> FetchAsync(string name) => (await RunningProgram.RunAsync(
            vault.Command("wal", "fetch", name, "pg_wal/RECOVERYXLOG", "--retry-for", "1") with
            {
                WorkingDirectory = server.DataDirectory,
            })).ExitCode;

        Assert.Equal(20, await FetchAsync(absent));
        Assert.Equal(20, await FetchAsync("0000000A.history"));

        Directory.Move(vault.Repository, vault.Repository + ".away");
        Assert.InRange(await FetchAsync(absent), 1, 19);
        await OddFileTests.ShellAsync(server.DataDirectory, "touch recovery.signal");
        Assert.Equal(126, await FetchAsync(absent));
        await OddFileTests.ShellAsync(server.DataDirectory, "touch standby.signal");
        Assert.InRange(await FetchAsync(absent), 1, 19);
        await OddFileTests.ShellAsync(server.DataDirectory, "rm recovery.signal");
        Assert.InRange(await FetchAsync(absent), 1, 19);

        Directory.Move(vault.Repository + ".away", vault.Repository);
        await OddFileTests.ShellAsync(server.DataDirectory, "rm standby.signal; touch recovery.signal");
        Assert.Equal(20, await FetchAsync(absent));
    }

    [Fact]
    public async Task A_recovery_whose_repository_is_away_stops_and_does_not_promote()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE late(i int)");
        await server.ArchiveAllAsync();
        await using var restored = await vault.RestoreAsync(server, "r");
        await OddFileTests.ShellAsync(
            restored.DataDirectory, "sed -i 's/wal fetch/wal fetch --retry-for 1/' postgresql.auto.conf");

        Directory.Move(vault.Repository, vault.Repository + ".away");
        restored.Launch();
        Assert.NotEqual(0, await restored.WaitUntilEndedAsync());
        Assert.DoesNotContain("selected new timeline", restored.Log, StringComparison.Ordinal);

        Directory.Move(vault.Repository + ".away", vault.Repository);
        await restored.StartAsync();
        await restored.WaitUntilPromotedAsync();
        Assert.Equal(0L, await restored.ScalarAsync<long>("SELECT count(*) FROM late"));
    }

    private static async Task<string> EndSegmentAsync(PostgresServer server)
    {
        await server.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 20000)");
        return await server.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
    }
}
