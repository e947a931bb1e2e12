using System.Text.Json;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Retention;

/// <summary>
/// Prune on real servers. What a plan lets go of is really deleted, in the words of the plan and nothing beyond, before
/// anything is restored: so each restore shows that what is promised does not need it.
/// </summary>
public sealed class RetentionTests
{
    public static TheoryData<int> Majors() => [.. Sample.Of("retention majors", 1, PostgresInstallation.Majors)];

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task After_prunes_by_every_kind_of_rule_what_stays_restores_and_what_went_is_not_listed(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.ExecuteAsync("CREATE TABLE seen(number int)");
        var ids = new List<string>();
        for (var number = 1; number <= 6; number++)
        {
            await server.ExecuteAsync($"INSERT INTO seen VALUES ({number})");
            string[] tags = number is 2 or 3 ? ["--tag", "gold"] : [];
            ids.Add((await vault.BackupAsync(server, tags)).Text("id"));
            await server.ExecuteAsync($"SELECT pg_create_restore_point('behind {number}')");
            await server.ArchiveAllAsync();
        }

        await vault.JsonAsync("pin", ids[0], "--reason", "audit");
        await vault.JsonAsync("annotate", ids[0], "the first of all");
        var first = (await vault.JsonAsync("show", ids[0])).GetProperty("backup");
        Assert.Equal("audit", first.GetProperty("pin").Text("reason"));
        Assert.Equal("the first of all", first.Text("annotation"));

        // A plan alone changes nothing.
        var before = vault.Objects();
        var plan = await vault.JsonAsync("prune", "--keep", "last=1", "--window", "0d");
        Assert.Equal([ids[0], ids[5]], IdsOf(plan, "keep"));
        Assert.Equal(ids[1..5], IdsOf(plan, "remove"));
        Assert.Equal(before, vault.Objects());

        Assert.Empty(IdsOf(await PruneAsync(vault, "--keep", "within=30d"), "remove"));
        Assert.Empty(IdsOf(await PruneAsync(vault, "--keep", "last=1", "--minimum-age", "1d"), "remove"));
        Assert.Equal([ids[1]], IdsOf(await PruneAsync(vault, "--keep", "last=3,gold:last=1"), "remove"));
        await RequireRestoredAsync(vault, server, ids[2], 3, "gold");
        await RequireRestoredAsync(vault, server, ids[5], 6, "point", "--target-name", "behind 6");

        // No window: every point behind the oldest that stays can be recovered from it.
        await RequireRestoredAsync(vault, server, ids[0], 4, "far", "--target-name", "behind 4");
        Assert.Equal([ids[2]], IdsOf(await PruneAsync(vault, "--keep", "hourly=1", "--tag", "gold", "--minimum", "1"), "remove"));
        await vault.JsonAsync("expire", ids[3], "--reason", "by name");

        var last = await PruneAsync(vault, "--keep", "yearly=1", "--window", "0d");
        Assert.Equal([ids[4]], IdsOf(last, "remove"));
        Assert.True(last.GetProperty("totals").GetProperty("walSegments").GetInt32() >= 4);
        Assert.Equal([ids[0], ids[5]], await vault.ListedAsync());
        var list = await vault.JsonAsync("list", "--expired");
        Assert.Equal(0, list.GetProperty("gaps").GetArrayLength());
        Assert.Equal(4, list.GetProperty("expired").GetArrayLength());

        // The pinned one stands alone: it goes to its end, and no further.
        await RequireRestoredAsync(vault, server, ids[0], 1, "alone", "--target-immediate");
        await RequireRestoredAsync(vault, server, ids[5], 6, "newest");
        var nowhere = Path.Combine(vault.Folder.CreateForPostgres("nowhere"), "data");
        await vault.ErrorAsync(11, "restore", "--to", nowhere, "--backup", ids[0], "--target-name", "behind 4");
        await vault.ErrorAsync(3, "restore", "--to", nowhere, "--backup", ids[2]);
        await vault.JsonAsync("check", "--read-data");
        Assert.Empty((await PruneAsync(vault, "--keep", "yearly=1", "--window", "0d")).GetProperty("wal").GetProperty("remove").EnumerateArray());
    }

    [Fact]
    public async Task A_restored_copy_that_was_never_backed_up_keeps_what_it_needs_of_its_source()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.ExecuteAsync("CREATE TABLE seen AS SELECT 1 AS number");
        var first = (await vault.BackupAsync(server)).Text("id");
        await server.ExecuteAsync("INSERT INTO seen VALUES (2)");
        await server.ArchiveAllAsync();
        await using var copy = await vault.RecoverAsync(server, "copy");
        await copy.ExecuteAsync("INSERT INTO seen VALUES (30)");
        await copy.ArchiveAllAsync();
        await server.ArchiveAllAsync();
        var second = (await vault.BackupAsync(server)).Text("id");
        await server.ArchiveAllAsync();

        var plan = await PruneAsync(vault, "--keep", "last=1", "--window", "0d");
        Assert.Equal([first, second], IdsOf(plan, "keep"));
        var lineage = plan.GetProperty("wal").GetProperty("keep").EnumerateArray()
            .Single(range => range.Number("timeline") == 2 && range.GetProperty("last").ValueKind == JsonValueKind.Null)
            .Text("lineage");
        await using var again = await vault.RecoverAsync(server, "again", "--lineage", lineage);
        Assert.Equal(30, await again.ScalarAsync<int>("SELECT max(number) FROM seen"));
    }

    /// <summary>Carries a plan out, and deletes what it says.</summary>
    private static async Task<JsonElement> PruneAsync(Vault vault, params string[] options)
    {
        var plan = await vault.JsonAsync(["prune", .. options]);
        var applied = await vault.JsonAsync(["prune", .. options, "--apply"]);
        Assert.Equal(plan.Text("plan"), applied.Text("plan"));
        foreach (var range in applied.GetProperty("wal").GetProperty("remove").EnumerateArray())
        {
            Assert.True(WalSegmentName.TryParse(range.Text("first"), WalSegmentSize.Default, out var name));
            for (; string.CompareOrdinal(name.ToString(), range.Text("last")) <= 0; name = name.Next)
            {
                var files = Directory.GetFiles(
                    Path.Combine(vault.Repository, "clusters", "main", "lineages", range.Text("lineage")),
                    $"{name}*",
                    SearchOption.AllDirectories);
                Assert.NotEmpty(files);
                Assert.All(files, File.Delete);
            }
        }

        return applied;
    }

    private static async Task RequireRestoredAsync(
        Vault vault, PostgresServer source, string backup, int number, string name, params string[] target)
    {
        await using var server = await vault.RecoverAsync(source, name, ["--backup", backup, .. target]);
        Assert.True(await server.ScalarAsync<int>("SELECT max(number) FROM seen") >= number);
        if (target.Length > 0)
        {
            Assert.Equal(number, await server.ScalarAsync<int>("SELECT max(number) FROM seen"));
        }
    }

    private static List<string> IdsOf(JsonElement plan, string verdict) =>
    [
        .. plan.GetProperty(verdict).EnumerateArray().Select(backup =>
        {
            Assert.NotEqual(0, backup.GetProperty("reasons").GetArrayLength());
            return backup.Text("id");
        }),
    ];
}
