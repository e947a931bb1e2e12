using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

public sealed class TablespaceTests
{
    /// <summary>Two majors, from files and over the network.</summary>
    public static TheoryData<int, bool> Ways() =>
        [.. Sample.Of("tablespaces", 2, PostgresInstallation.Majors).Select((major, at) => (major, at % 2 == 0))];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Tablespaces_outside_and_inside_the_data_directory_come_back_where_they_are_mapped(
        int major, bool streamed)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        var outside = vault.Folder.CreateForPostgres("outside=1");
        var inside = Path.Combine(server.DataDirectory, "my spaces");
        Directory.CreateDirectory(inside);
        PostgresUser.Own(inside);
        await FillAsync(server, "far", outside);
        await FillAsync(server, "near", inside);

        await (streamed ? vault.StreamAsync(server) : vault.BackupAsync(server));
        await FillAsync(server, null, null);
        await server.ArchiveAllAsync();

        var to = Path.Combine(vault.Folder.CreateForPostgres("refused"), "data");
        var error = await vault.ErrorAsync(12, "restore", "--to", to);
        Assert.Contains("--tablespace-map", error.Text("hint"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(to));

        var places = vault.Folder.CreateForPostgres("places");
        await using var restored = await vault.RecoverAsync(
            server,
            "r",
            "--tablespace-map", $"{outside.Replace("=", "\\=", StringComparison.Ordinal)}={places}/one",
            "--tablespace-map", $"{inside}={places}/two");

        Assert.Equal(
            $"{places}/one,{places}/two",
            await restored.ScalarAsync<string>(
                "SELECT string_agg(pg_tablespace_location(oid), ',' ORDER BY pg_tablespace_location(oid))"
                + " FROM pg_tablespace WHERE spcname IN ('far', 'near')"));
        Assert.Equal(3000L, await restored.ScalarAsync<long>("SELECT count(*) FROM t_far"));
        Assert.Equal(3000L, await restored.ScalarAsync<long>("SELECT count(*) FROM t_near"));
        Assert.Equal(3000L, await server.ScalarAsync<long>("SELECT count(*) FROM t_far"));
        await Judges.AmCheckAsync(restored);
    }

    [Fact]
    public async Task A_folder_for_all_tablespaces_gives_each_a_folder_of_its_own()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving());
        await FillAsync(server, "far", vault.Folder.CreateForPostgres("o"));
        await FillAsync(server, "near", vault.Folder.CreateForPostgres("oo"));
        await vault.BackupAsync(server);
        await FillAsync(server, null, null);
        await server.ArchiveAllAsync();

        var root = vault.Folder.CreateForPostgres("root");
        await using var restored = await vault.RecoverAsync(server, "r", "--tablespace-root", root);

        Assert.Equal(2, Directory.GetDirectories(root).Length);
        Assert.Equal(3000L, await restored.ScalarAsync<long>("SELECT count(*) FROM t_far"));
        Assert.Equal(3000L, await restored.ScalarAsync<long>("SELECT count(*) FROM t_near"));
    }

    [Fact]
    public async Task A_mapping_of_a_tablespace_that_is_not_there_is_refused_and_names_those_that_are()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(15, vault.Archiving());
        var place = vault.Folder.CreateForPostgres("o");
        await FillAsync(server, "far", place);
        await vault.BackupAsync(server);
        var to = Path.Combine(vault.Folder.CreateForPostgres("refused"), "data");

        var error = await vault.ErrorAsync(
            2, "restore", "--to", to, "--tablespace-map", "99=/nowhere", "--tablespace-root", vault.Folder["root"]);

        Assert.Contains(place, error.Text("hint"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(to));
    }

    /// <summary>A table of 2000 rows in a new tablespace; without one, 1000 more rows in each.</summary>
    private static async Task FillAsync(PostgresServer server, string? name, string? place)
    {
        if (name is null)
        {
            await server.ExecuteAsync("""
                INSERT INTO t_far SELECT generate_series(1, 1000);
                INSERT INTO t_near SELECT generate_series(1, 1000);
                """);
            return;
        }

        await server.ExecuteAsync($"CREATE TABLESPACE {name} LOCATION '{place}'");
        await server.ExecuteAsync(
            $"CREATE TABLE t_{name}(i int) TABLESPACE {name}; INSERT INTO t_{name} SELECT generate_series(1, 2000)");
    }
}
