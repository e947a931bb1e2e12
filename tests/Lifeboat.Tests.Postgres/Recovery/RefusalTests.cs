using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>What is asked wrongly is refused with one clear error, and nothing is written.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task A_repository_is_opened_by_its_own_secret_only()
    {
        using var phrase = await Vault.CreateAsync(Encryption.Passphrase);
        using var key = await Vault.CreateAsync(Encryption.KeyFile);
        using var plain = await Vault.CreateAsync();
        var before = (phrase.Objects(), key.Objects());
        async Task RefusedAsync(int exitCode, string repository, string? passphrase, params string[] more)
        {
            string[] fetch = ["wal", "fetch", "00000001000000000000000A", "x", "--retry-for", "0"];
            foreach (var words in new[] { ["show", "latest"], fetch })
            {
                var result = await RunningProgram.RunAsync(
                    LifeboatProgram.With([.. words, "--output", "json", "--repository", repository, .. more]) with
                    {
                        AsPostgres = true,
                        Environment = new Dictionary<string, string?> { ["LIFEBOAT_PASSPHRASE"] = passphrase },
                    });
                Vault.ErrorOf(result, exitCode);
            }
        }

        await RefusedAsync(5, phrase.Repository, "wrong");
        await RefusedAsync(5, phrase.Repository, null);
        await RefusedAsync(5, phrase.Repository, null, "--key-file", key.KeyFile);
        await RefusedAsync(5, key.Repository, null);
        await RefusedAsync(5, key.Repository, "wrong");
        // What is not there may only not be mounted.
        await RefusedAsync(6, plain.Repository + "-not-there", null);
        await RefusedAsync(6, plain.Folder.CreateForPostgres("empty"), null);
        Assert.Equal(before.Item1, phrase.Objects());
        Assert.Equal(before.Item2, key.Objects());
        Assert.Empty(Directory.GetFileSystemEntries(plain.Folder["empty"]));
    }

    [Fact]
    public async Task A_key_file_that_is_missing_is_named_and_not_made_for_a_repository_that_exists()
    {
        using var vault = await Vault.CreateAsync(Encryption.KeyFile);
        File.Move(vault.KeyFile, vault.KeyFile + ".lost");

        var shown = Vault.ErrorOf(await vault.RunAsync("show", "latest", "--output", "json"), 3);
        Assert.Contains(vault.KeyFile, shown.Text("subject"), StringComparison.Ordinal);
        await vault.ErrorAsync(3, "init");
        Assert.False(File.Exists(vault.KeyFile));
    }

    [Fact]
    public async Task Another_server_cannot_use_the_cluster()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await using var stranger = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        var before = vault.Objects();

        await vault.ErrorAsync(
            10, "backup", "--cluster-dir", stranger.DataDirectory, "--connection", stranger.ConnInfo());
        // The connection of one, the directory of the other.
        await vault.ErrorAsync(
            10, "backup", "--cluster-dir", stranger.DataDirectory, "--connection", server.ConnInfo());
        await stranger.ExecuteAsync("SELECT pg_create_restore_point('x'); SELECT pg_switch_wal()");
        await stranger.WaitUntilAsync("refused", "SELECT failed_count > 0 FROM pg_stat_archiver");

        Assert.Equal(before, vault.Objects());
        Assert.False(await server.IsInBackupModeAsync());
        Assert.False(await stranger.IsInBackupModeAsync());

        var error = await vault.ErrorAsync(3, "restore", "--cluster", "other", "--to", vault.Folder["x"]);
        Assert.Contains("other", error.Text("subject") + error.Text("cause"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_reached_or_gives_too_few_rights_is_named()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving());
        await server.ExecuteAsync("CREATE ROLE nobody LOGIN; CREATE ROLE keeper LOGIN; GRANT pg_monitor TO keeper;");
        string[] Backup(string connection) =>
            ["backup", "--cluster-dir", server.DataDirectory, "--connection", connection];

        await vault.ErrorAsync(
            8, Backup(server.ConnInfo().Replace($"port={server.Port}", "port=1", StringComparison.Ordinal)));
        await vault.ErrorAsync(8, Backup("host=/nowhere/at/all user=postgres"));
        await vault.ErrorAsync(9, Backup(server.ConnInfo(user: "nobody")));
        await vault.ErrorAsync(9, Backup(server.ConnInfo(user: "keeper")));
        await vault.ErrorAsync(
            3, "backup", "--cluster-dir", vault.Folder["none"], "--connection", server.ConnInfo());
        Assert.Empty(await vault.ListedAsync());

        await server.ExecuteAsync("""
            GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean) TO keeper;
            """);
        await vault.JsonAsync(Backup(server.ConnInfo(user: "keeper")));
    }

    [Fact]
    public async Task A_restored_copy_is_no_server_of_another_repository_until_it_is_adopted()
    {
        using var vault = await Vault.CreateAsync();
        using var foreign = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await vault.BackupAsync(server);
        await using var copy = await vault.RecoverAsync(server, "copy");
        string[] backup = ["backup", "--cluster-dir", copy.DataDirectory, "--connection", copy.ConnInfo()];
        var before = foreign.Objects();

        var error = await foreign.ErrorAsync(10, backup);
        Assert.Contains("lifeboat adopt --as-new", error.Text("hint"), StringComparison.Ordinal);
        Assert.Equal(before, foreign.Objects());

        await foreign.JsonAsync("adopt", "--as-new", "--cluster-dir", copy.DataDirectory);
        await copy.ExecuteAsync($"ALTER SYSTEM SET archive_command = '{foreign.ArchiveCommand}'");
        await copy.ExecuteAsync("SELECT pg_reload_conf()");
        await foreign.BackupAsync(copy);
        await using var restored = await foreign.RecoverAsync(copy, "r");
    }

    [Fact]
    public async Task A_restore_that_cannot_be_right_writes_nothing()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await vault.BackupAsync(server);
        await server.ArchiveAllAsync();
        var used = vault.Folder.CreateForPostgres("used");
        await File.WriteAllTextAsync(Path.Combine(used, "mine"), "kept");
        await vault.ErrorAsync(12, "restore", "--to", used);
        await vault.ErrorAsync(12, "restore", "--to", server.DataDirectory);
        Assert.Equal(["mine"], Directory.GetFileSystemEntries(used).Select(Path.GetFileName));
        Assert.True(server.IsRunning);

        var to = Path.Combine(vault.Folder.CreateForPostgres("new"), "data");
        await vault.ErrorAsync(3, "restore", "--to", to, "--backup", "20200101T000000Z");
        await vault.ErrorAsync(2, "restore", "--to", to, "--target-time", "2026-01-01 00:00:00");
        await vault.ErrorAsync(2, "restore", "--to", to, "--target-xid", "1", "--target-immediate");
        await vault.ErrorAsync(2, "restore", "--to", to, "--target-name", "x", "--target-exclusive");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-time", "2020-01-01 00:00:00+00");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-time", "2999-01-01 00:00:00+00");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-lsn", "FFFF/0");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-lsn", "0/1");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-xid", "4000000");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-name", "never made");
        await vault.ErrorAsync(11, "restore", "--to", to, "--target-timeline", "7");
        Assert.False(Directory.Exists(to));

        var plan = await vault.JsonAsync("restore", "--to", to, "--dry-run");
        Assert.True(plan.GetProperty("dryRun").GetBoolean());
        Assert.False(Directory.Exists(to));
    }
}
