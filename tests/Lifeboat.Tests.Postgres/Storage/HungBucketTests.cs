using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Storage;

/// <summary>A store that answers nothing any more and does not say so: one of its processes stands still.</summary>
public sealed class HungBucketTests
{
    private const int Unavailable = 6;
    private const string ForAWhile = "for a while";

    /// <summary>That takes minutes.</summary>
    private const string ForGood = "for good";

    /// <summary>Above the time that a request is given, so that each one under way is repeated.</summary>
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(45);

    public static TheoryData<string> Cases => Sample.IsWhole ? [ForAWhile, ForGood] : [ForAWhile];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task A_store_that_hangs_is_ridden_out_or_told(string length) =>
        length == ForGood ? ItIsToldAsync() : ItIsRiddenOutAsync();

    private static async Task ItIsRiddenOutAsync()
    {
        using var gateway = await CephGateway.StartOwnAsync();
        using var vault = await Vault.CreateAsync(
            repository: (await gateway.NewPlaceAsync()).ToString(), variables: CephGateway.Credentials);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(3);
        var backup = vault.BackupAsync(server);
        await Task.Delay(TimeSpan.FromSeconds(0.7));
        await using (await gateway.SuspendGatewayAsync())
        {
            await server.ExecuteAsync("CREATE TABLE later AS SELECT 1 AS n; SELECT pg_switch_wal()");
            await Task.Delay(s_hang);
        }

        await backup;
        await server.ArchiveAllAsync();
        await vault.JsonAsync("check", "--read-data");
        await using var restored = await vault.RecoverAsync(server, "restored");
        Assert.Equal(1, await restored.ScalarAsync<int>("SELECT n FROM later"));
        await PgbenchBank.CheckAsync(restored);
    }

    /// <summary>All attempts of one request, of which each is given half a minute; and nothing is promised.</summary>
    private static async Task ItIsToldAsync()
    {
        using var gateway = await CephGateway.StartOwnAsync();
        using var vault = await Vault.CreateAsync(
            repository: (await gateway.NewPlaceAsync()).ToString(), variables: CephGateway.Credentials);
        await using var server = await PostgresServer.StartNewAsync(17);
        await vault.BackupAsync(server);
        var listed = await vault.ListedAsync();
        var segment = await server.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await using (await gateway.SuspendStorageAsync())
        {
            var push = vault.RunAsync("wal", "push", Path.Combine(server.DataDirectory, "pg_wal", segment), "--output", "json");
            var fetch = vault.RunAsync(
                "wal", "fetch", segment, Path.Combine(vault.Folder.Root, "to"), "--retry-for", "0", "--output", "json");
            Assert.Equal(Unavailable, Vault.ErrorOf(await push, Unavailable).GetProperty("exitCode").GetInt32());
            Assert.NotEqual(0, (await fetch).ExitCode);
            Assert.False(File.Exists(Path.Combine(vault.Folder.Root, "to")));
        }

        Assert.Equal(listed, await vault.ListedAsync());
    }
}
