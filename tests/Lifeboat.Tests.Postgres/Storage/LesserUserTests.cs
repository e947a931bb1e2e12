using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Testing;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Storage;

/// <summary>Users of a real Ceph who have the rights that the documents ask for, word for word, and no more.</summary>
public sealed partial class LesserUserTests
{
    [Fact]
    public async Task The_least_rights_are_enough_for_every_command()
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        var user = await gateway.NewUserAsync("least");
        await SetPolicyAsync(gateway, place, ("least", Statements("docs/using/object-storage.md", place)));
        using var vault = await Vault.CreateAsync(Encryption.KeyFile, place.ToString(), user);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        var first = await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE seen AS SELECT 42 AS n");
        var second = await vault.BackupAsync(server, "--kind", "incremental");
        await server.ArchiveAllAsync();
        Assert.Equal([first.Text("id"), second.Text("id")], await vault.ListedAsync());
        RequireNoWarning(await vault.RunAsync("check", "--read-data"));
        RequireNoWarning(await vault.RunAsync("expire", first.Text("id"), "--reason", "test"));
        RequireNoWarning(await vault.RunAsync("prune", "--keep", "last=1", "--apply"));
        RequireNoWarning(await vault.RunAsync("collect", "--apply"));
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(42, await restored.ScalarAsync<int>("SELECT n FROM seen"));
    }

    [Fact]
    public async Task A_server_archives_and_backs_up_without_the_right_to_delete()
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        var user = await gateway.NewUserAsync("append");
        var statements = Statements("docs/using/object-storage.md", place);
        foreach (var actions in statements.Select(statement => statement!["Action"]).OfType<JsonArray>())
        {
            foreach (var action in actions.Where(action => action!.GetValue<string>() == "s3:DeleteObject").ToList())
            {
                actions.Remove(action);
            }
        }

        await SetPolicyAsync(gateway, place, ("append", statements));
        using var vault = await Vault.CreateAsync(Encryption.KeyFile, place.ToString(), user);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        var backup = await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());
        (await vault.RunAsync("check", "--read-data")).Expect();
        await using var restored = await vault.RecoverAsync(server, "r");
    }

    [Fact]
    public async Task The_writer_of_a_locked_repository_deletes_nothing_and_the_pruner_what_is_due()
    {
        var gateway = await CephGateway.GetAsync();
        var place = (await gateway.NewPlaceAsync(locks: true)) with { ConditionalPut = false };
        var (writer, pruner) = (await gateway.NewUserAsync("writer"), await gateway.NewUserAsync("pruner"));
        var written = Statements("docs/operating/immutable.md", place);
        await SetPolicyAsync(
            gateway, place, ("writer", written), ("pruner", written), ("pruner", Statements("docs/operating/immutable.md", place, 1)));
        (await RunningProgram.RunAsync(
            LifeboatProgram.With("init", "--lock", "30d", "--repository", place.ToString()) with
            {
                Environment = writer.ToDictionary(one => one.Key, string? (one) => one.Value),
            })).Expect();
        using var vault = await Vault.CreateAsync(Encryption.None, place.ToString(), writer);
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        var first = await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE seen AS SELECT 42 AS n");
        var second = await vault.BackupAsync(server, "--kind", "incremental");
        await server.ArchiveAllAsync();
        RequireNoWarning(await vault.RunAsync("lock", "renew"));
        RequireNoWarning(await vault.RunAsync("check", "--read-data"));
        var attacked = await vault.JsonAsync("check", "--immutable");
        Assert.True(attacked.GetProperty("immutable").GetBoolean(), attacked.ToString());

        Assert.All(
            attacked.GetProperty("tried").EnumerateArray().Select(attack => attack.GetString()!).Skip(1),
            attack => Assert.EndsWith(": refused", attack, StringComparison.Ordinal));

        using var keeper = await Vault.CreateAsync(Encryption.None, place.ToString(), pruner);
        RequireNoWarning(await keeper.RunAsync("prune", "--keep", "last=1", "--apply"));
        Assert.Equal([second.Text("id")], await vault.ListedAsync());
        RequireNoWarning(await keeper.RunAsync("collect", "--apply"));
        (await vault.RunAsync("check", "--read-data")).Expect();
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(42, await restored.ScalarAsync<int>("SELECT n FROM seen"));
        Assert.NotEqual(first.Text("id"), second.Text("id"));
    }

    private static void RequireNoWarning(ProgramResult result) =>
        Assert.DoesNotContain("warning", result.Expect().Error, StringComparison.OrdinalIgnoreCase);

    /// <summary>A document's policy, about the place at hand.</summary>
    /// <param name="number">Which block of JSON it is, from 0: a policy, or one statement more.</param>
    private static JsonArray Statements(string document, S3Place place, int number = 0)
    {
        var text = File.ReadAllText(Path.Combine(RepositoryFolder.Root, document));
        var block = JsonBlock().Matches(text)[number].Groups["json"].Value;
        var here = Resource().Replace(
            block, match => $"arn:aws:s3:::{place.Bucket}" + match.Groups["rest"].Value.Replace("/db1/", $"/{place.Prefix}", StringComparison.Ordinal));
        var parsed = JsonNode.Parse(here)!;
        return parsed["Statement"] is JsonArray statements ? statements : [parsed];
    }

    /// <summary>As a bucket's policy: who it is about is said with each statement.</summary>
    private static Task SetPolicyAsync(
        CephGateway gateway, S3Place place, params (string User, JsonArray Statements)[] rights)
    {
        var all = new JsonArray();
        foreach (var (user, statements) in rights)
        {
            foreach (var statement in statements)
            {
                var copy = statement!.DeepClone();
                copy["Principal"] = new JsonObject { ["AWS"] = new JsonArray($"arn:aws:iam:::user/{user}") };
                all.Add(copy);
            }
        }

        return gateway.SetPolicyAsync(
            place.Bucket, new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = all }.ToJsonString());
    }

    [GeneratedRegex("```json\\n(?<json>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex JsonBlock();

    [GeneratedRegex("arn:aws:s3:::(?:backups|locked)(?<rest>[^\"]*)", RegexOptions.ExplicitCapture)]
    private static partial Regex Resource();
}
