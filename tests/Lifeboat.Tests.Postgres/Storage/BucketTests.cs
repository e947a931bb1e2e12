using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Storage;

/// <summary>The main job with the repository in a bucket of a real Ceph gateway, by the program.</summary>
public sealed class BucketTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_server_archives_to_a_bucket_and_comes_back_from_it(int major)
    {
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync();
        using var vault = await Vault.CreateAsync(Encryption.KeyFile, place.ToString(), CephGateway.Credentials);
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(2);
        await server.ExecuteAsync("CREATE TABLE seen AS SELECT 1 AS number");
        var first = await vault.BackupAsync(server);
        await server.ExecuteAsync("INSERT INTO seen VALUES (2)");
        await server.ExecuteAsync("SELECT pg_create_restore_point('here')");
        await server.ExecuteAsync("INSERT INTO seen VALUES (3)");
        await server.ArchiveAllAsync();
        var second = await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        Assert.True(
            second.GetProperty("bytesStored").GetInt64() * 4 < first.GetProperty("bytesStored").GetInt64(),
            "what is in the bucket already was stored again");

        Assert.Equal(2, (await vault.ListedAsync()).Length);
        await vault.JsonAsync("check", "--read-data");
        await using (var point = await vault.RecoverAsync(server, "point", "--target-name", "here"))
        {
            Assert.Equal("1 2", await point.ScalarAsync<string>("SELECT string_agg(number::text, ' ' ORDER BY number) FROM seen"));
        }

        await using var latest = await vault.RecoverAsync(server, "latest");
        Assert.Equal("1 2 3", await latest.ScalarAsync<string>("SELECT string_agg(number::text, ' ' ORDER BY number) FROM seen"));
        Assert.Equal(200_000L, await latest.ScalarAsync<long>("SELECT count(*) FROM pgbench_accounts"));
    }

    [Fact]
    public async Task A_store_that_ignores_that_a_put_must_not_replace_is_told_at_init()
    {
        // This gateway looks at the condition in plain buckets, and not in those with versions.
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync(versions: true);
        var start = LifeboatProgram.With("init", "--output", "json", "--repository", place.ToString()) with
        {
            Environment = CephGateway.Credentials.ToDictionary(one => one.Key, string? (one) => one.Value),
        };
        var error = Vault.ErrorOf(await RunningProgram.RunAsync(start), 2);
        Assert.Contains("conditional-put=no", error.Text("hint"), StringComparison.Ordinal);
        using var vault = await Vault.CreateAsync(
            repository: (place with { ConditionalPut = false }).ToString(), variables: CephGateway.Credentials);
        Assert.Empty(await vault.ListedAsync());
    }

    [Fact]
    public async Task Each_mistake_gives_one_error_that_says_what_to_do()
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        using var vault = await Vault.CreateAsync(repository: place.ToString(), variables: CephGateway.Credentials);
        Assert.Contains("no bucket", (await ListAsync(place with { Bucket = "no-such-bucket" }, 3)).Text("cause"), StringComparison.Ordinal);
        Assert.Contains("init", (await ListAsync(place with { Prefix = "elsewhere/" }, 3)).Text("hint"), StringComparison.Ordinal);
        var denied = await ListAsync(place, 9, ("AWS_SECRET_ACCESS_KEY", "another"));
        Assert.Contains("credentials", denied.Text("cause"), StringComparison.Ordinal);
        Assert.DoesNotContain("another", denied.ToString(), StringComparison.Ordinal);
        denied = await ListAsync(place, 9, ("AWS_ACCESS_KEY_ID", null), ("AWS_SECRET_ACCESS_KEY", null), ("HOME", "/nonexistent"));
        Assert.Contains("AWS_ACCESS_KEY_ID", denied.Text("hint"), StringComparison.Ordinal);
        Assert.Contains("profile nobody", (await ListAsync(place with { Profile = "nobody" }, 2)).Text("subject"), StringComparison.Ordinal);

        static async Task<System.Text.Json.JsonElement> ListAsync(
            Lifeboat.Storage.Cloud.S3.S3Place place, int exitCode, params (string Name, string? Value)[] variables)
        {
            var environment = CephGateway.Credentials.ToDictionary(one => one.Key, string? (one) => one.Value);
            foreach (var (name, value) in variables)
            {
                environment[name] = value;
            }

            var start = LifeboatProgram.With("list", "--output", "json", "--repository", place.ToString()) with
            {
                Environment = environment,
            };
            return Vault.ErrorOf(await RunningProgram.RunAsync(start), exitCode);
        }
    }
}
