using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>Backups over the network, by the program.</summary>
public sealed class StreamedBackupTests
{
    public static TheoryData<int, bool> Clusters() =>
    [
        .. PostgresInstallation.Majors.Select(major => (major, true)),
        .. Sample.Of("streamed bank without checksums", 1, PostgresInstallation.Majors).Select(major => (major, false)),
    ];

    [Theory]
    [MemberData(nameof(Clusters))]
    public Task A_bank_that_works_while_it_is_sent_adds_up_after_its_recovery(int major, bool checksums) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync(Sample.Of($"streamed {major}", 1, Enum.GetValues<Encryption>())[0]);
            await using var server = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with { Checksums = checksums }));
            await server.PgbenchInitAsync(3);
            var space = vault.Folder.CreateForPostgres("far=1");
            await server.ExecuteAsync($"CREATE TABLESPACE far LOCATION '{space}'");
            await server.ExecuteAsync(
                "CREATE TABLE distant(i int) TABLESPACE far; INSERT INTO distant SELECT generate_series(1, 5000)");
            using (var load = server.PgbenchStart(clients: 3))
            {
                await server.WaitUntilAsync("loaded", "SELECT count(*) > 50 FROM pgbench_history");
                var backup = await vault.StreamAsync(server, "--reason", "over the network");
                Assert.Equal(("full", "stream"), (backup.Text("kind"), backup.Text("method")));
                Assert.Equal(0, backup.Number("checksumErrors"));
                Assert.Empty(backup.Texts("warnings"));
                Assert.InRange(
                    backup.Number("bytesRead"), backup.Number("bytesTotal") - 100_000, backup.Number("bytesTotal"));
                await load.KillAsync();
            }

            await server.ArchiveAllAsync();
            (await vault.RunAsync("check", "--read-data")).Expect();
            var (_, sent) = await PgbenchBank.CheckAsync(server);
            await using var restored = await vault.RecoverAsync(
                server, "r", "--tablespace-root", vault.Folder.CreateForPostgres("spaces"));
            Assert.Equal(sent, (await PgbenchBank.CheckAsync(restored)).Transactions);
            Assert.Equal(5000L, await restored.ScalarAsync<long>("SELECT count(*) FROM distant"));
            await Judges.AmCheckAsync(restored);
            await restored.StopAsync();
            if (checksums)
            {
                await Judges.ChecksumsAsync(major, restored.DataDirectory);
            }
        });

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Unchanged_data_is_not_stored_again_whichever_way_it_came_first(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(2);
        var files = await vault.BackupAsync(server);
        var streamed = await vault.StreamAsync(server);
        var again = await vault.BackupAsync(server);

        // A map of its own and what the server itself rewrote.
        foreach (var backup in new[] { streamed, again })
        {
            Assert.InRange(backup.Number("bytesStored"), 0, files.Number("bytesTotal") / 200);
            Assert.InRange(backup.Number("bytesStored"), 0, files.Number("bytesStored") / 10);
        }

        Assert.Equal(files.Number("files"), streamed.Number("files"));
        Assert.Equal("full", streamed.Text("kind"));
    }

    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public async Task A_server_that_does_not_archive_gives_the_wal_of_its_backup_too(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.PgbenchInitAsync(1);
        using (var load = server.PgbenchStart(clients: 2))
        {
            await server.WaitUntilAsync("loaded", "SELECT count(*) > 20 FROM pgbench_history");
            await vault.StreamAsync(server);
            await load.KillAsync();
        }

        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.True((await PgbenchBank.CheckAsync(restored)).Transactions > 20);
        await Judges.AmCheckAsync(restored);
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_damaged_page_is_named_and_the_backup_is_listed(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.PgbenchInitAsync(1);
        await server.ExecuteAsync("CHECKPOINT");
        var path = await server.ScalarAsync<string>("SELECT pg_relation_filepath('pgbench_accounts')");
        DamagedPageTests.Flip(Path.Combine(server.DataDirectory, path), (3 * 8192) + 4000);
        DamagedPageTests.Flip(Path.Combine(server.DataDirectory, path), (900 * 8192) + 5);

        var backup = await vault.StreamAsync(server);

        Assert.Equal(2, backup.Number("checksumErrors"));
        Assert.Equal([$"{path}: block 3", $"{path}: block 900"], backup.Texts("damagedPages"));
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());
        await using var restored = await vault.RestoreAsync(server, "r");
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_connection_that_is_lost_in_the_middle_leaves_nothing_listed_and_the_next_backup_uses_what_came(
        int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await server.ExecuteAsync("""
            CREATE EXTENSION pgcrypto;
            CREATE TABLE noise AS SELECT gen_random_bytes(1000) AS bytes FROM generate_series(1, 120000);
            """);
        using (var backup = RunningProgram.Start(vault.Command(
            "backup", "--method", "stream", "--connection", server.ConnInfo(), "--jobs", "1", "--compression-level", "12",
            "--output", "json")))
        {
            while (!Directory.EnumerateFiles(vault.Repository, "*", SearchOption.AllDirectories).Any(IsPack))
            {
                Assert.False(backup.HasExited, backup.Error);
                await Task.Delay(5);
            }

            await server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE state = 'backup'");
            var error = Vault.ErrorOf(await backup.WaitAsync(), 8);
            Assert.Contains("base backup", error.Text("operation"), StringComparison.Ordinal);
        }

        var stored = vault.Objects().Where(item => IsPack(item.Key)).Sum(item => item.Value);
        Assert.Empty(await vault.ListedAsync());
        var next = await vault.StreamAsync(server);
        Assert.Equal([next.Text("id")], await vault.ListedAsync());
        Assert.InRange(next.Number("bytesStored"), 0, 130_000_000 - stored);
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(120_000L, await restored.ScalarAsync<long>("SELECT count(*) FROM noise"));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task A_standby_can_be_the_source(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var primary = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await primary.PgbenchInitAsync(1);
        await using var standby = await primary.StartStandbyAsync(Path.Combine(vault.Folder.CreateForPostgres("s"), "data"));
        using var load = primary.PgbenchStart(clients: 2);
        await primary.WaitUntilAsync("loaded", "SELECT count(*) > 20 FROM pgbench_history");

        var running = RunningProgram.Start(vault.Command(
            "backup", "--method", "stream", "--connection", standby.ConnInfo(), "--output", "json"));
        while (!running.HasExited)
        {
            // The standby cannot end the segment in which its backup ends.
            await primary.ExecuteAsync("SELECT pg_switch_wal()");
            await Task.Delay(200);
        }

        var backup = Vault.Parse((await running.WaitAsync()).Expect().Output);
        Assert.Equal("stream", backup.Text("method"));
        await load.KillAsync();
        await primary.ArchiveAllAsync();
        await using var restored = await vault.RecoverAsync(primary, "r");
        Assert.Equal(
            (await PgbenchBank.CheckAsync(primary)).Transactions, (await PgbenchBank.CheckAsync(restored)).Transactions);
        await Judges.AmCheckAsync(restored);
    }

    [Fact]
    public async Task Each_right_that_lacks_is_named_with_what_gives_it()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            17,
            vault.Archiving(PostgresOptions.Default with
            {
                Settings = new Dictionary<string, string> { ["max_wal_senders"] = "3" },
                HostBasedAuthentication = "local all all trust\nhost all all 127.0.0.1/32 trust\n"
                    + "local replication postgres,plain,copier trust\n",
            }));
        await server.ExecuteAsync(
            "CREATE ROLE plain LOGIN; CREATE ROLE copier LOGIN REPLICATION; CREATE ROLE barred LOGIN REPLICATION");

        Task<System.Text.Json.JsonElement> Fails(int code, string user, params string[] more) => vault.ErrorAsync(
            code, ["backup", "--method", "stream", "--connection", server.ConnInfo(user: user), .. more]);
        Assert.Contains("ALTER ROLE", (await Fails(9, "plain")).Text("hint"), StringComparison.Ordinal);
        Assert.Contains("pg_hba.conf", (await Fails(9, "barred")).Text("hint"), StringComparison.Ordinal);
        var kind = await Fails(2, "copier", "--kind", "incremental");
        Assert.Contains("--kind auto", kind.Text("hint"), StringComparison.Ordinal);
        Assert.Empty(await vault.ListedAsync());

        // The least that a role needs.
        var backup = await vault.JsonAsync(
            "backup", "--method", "stream", "--connection", server.ConnInfo(user: "copier"));
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());
        var taken = Enumerable.Range(0, 3).Select(number => RunningProgram.Start(server.ClientTool(
            "pg_receivewal", "-D", vault.Folder.CreateForPostgres($"taken{number}")))).ToList();
        await server.WaitUntilAsync("taken", "SELECT count(*) = 3 FROM pg_stat_replication");
        Assert.Contains("max_wal_senders", (await Fails(8, "copier")).Text("hint"), StringComparison.Ordinal);
        foreach (var receiver in taken)
        {
            await receiver.KillAsync();
            receiver.Dispose();
        }
    }

    [Theory]
    [InlineData(13)]
    [InlineData(17)]
    public async Task One_wal_sender_is_enough(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(PostgresOptions.Default with
        {
            Settings = new Dictionary<string, string> { ["max_wal_senders"] = "1" },
        }));
        Assert.Equal([(await vault.StreamAsync(server)).Text("id")], await vault.ListedAsync());
    }

    [Fact]
    public async Task Tls_and_a_password_protect_the_stream()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.CreateAsync(
            18,
            vault.Archiving(PostgresOptions.Default with
            {
                Settings = new Dictionary<string, string>
                {
                    ["ssl"] = "on",
                    ["password_encryption"] = "scram-sha-256",
                },
                HostBasedAuthentication = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n"
                    + "hostssl all,replication copier 127.0.0.1/32 scram-sha-256\n",
            }));
        await OddFileTests.ShellAsync(
            server.DataDirectory,
            "openssl req -new -x509 -days 2 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
            + " -out server.crt -keyout server.key 2>/dev/null; chmod 600 server.key");
        var root = Path.Combine(vault.Folder.CreateForPostgres("ca"), "root.crt");
        File.Copy(Path.Combine(server.DataDirectory, "server.crt"), root);
        PostgresUser.Own(root);
        await server.StartAsync();
        await server.PgbenchInitAsync(1);
        await server.ExecuteAsync("CREATE ROLE copier LOGIN REPLICATION PASSWORD 'tell nobody'");
        string[] With(string password)
        {
            var file = Path.Combine(vault.Folder.CreateForPostgres(password), "pgpass");
            File.WriteAllText(file, $"*:*:*:*:{password}\n");
            Lifeboat.Platform.Files.PosixFileSystem.Instance.SetMode(file, 0b110_000_000);
            PostgresUser.Own(file);
            return
            [
                "backup", "--method", "stream", "--connection",
                $"host=127.0.0.1 port={server.Port} user=copier dbname=postgres sslmode=verify-full sslrootcert={root} "
                + $"passfile='{file}'",
            ];
        }

        var backup = await vault.JsonAsync(With("tell nobody"));
        Assert.Equal([backup.Text("id")], await vault.ListedAsync());
        await vault.ErrorAsync(9, With("wrong"));
        await using var restored = await vault.RecoverAsync(server, "r");
        await PgbenchBank.CheckAsync(restored);
    }

    private static bool IsPack(string path) => path.Contains("/packs/", StringComparison.Ordinal);
}
