using Lifeboat.Testing.Servers;
using Npgsql;
using Xunit;

namespace Lifeboat.Tests.Postgres.Harness;

public sealed class PostgresServerTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_new_cluster_is_of_the_major_and_of_the_kind_that_was_asked_for(int major)
    {
        var options = new PostgresOptions
        {
            Checksums = false,
            WalSegmentMegabytes = 1,
            Settings = new Dictionary<string, string> { ["application_name"] = "it's" },
        };
        await using var server = await PostgresServer.StartNewAsync(major, options);

        Assert.Equal(major, int.Parse(await server.ScalarAsync<string>("SHOW server_version_num")) / 10000);
        Assert.Equal("off", await server.ScalarAsync<string>("SHOW data_checksums"));
        Assert.Equal("1MB", await server.ScalarAsync<string>("SHOW wal_segment_size"));
        Assert.Equal("it's", await server.ScalarAsync<string>(
            "SELECT boot_val || reset_val FROM pg_settings WHERE name = 'application_name' AND source = 'default'"
            + " UNION ALL SELECT setting FROM pg_file_settings WHERE name = 'application_name'"));
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task What_was_committed_survives_kill_9_and_a_fast_stop_and_satisfies_every_judge(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.PgbenchInitAsync(1);
        using (var load = server.PgbenchStart(clients: 2))
        {
            await server.WaitUntilAsync("loaded", "SELECT count(*) > 20 FROM pgbench_history");
            await server.KillAsync();
            await load.WaitAsync();
        }

        Assert.True(File.Exists(Path.Combine(server.DataDirectory, "postmaster.pid")));
        await server.StartAsync();
        Assert.Contains("automatic recovery in progress", server.Log, StringComparison.Ordinal);
        Assert.True((await PgbenchBank.CheckAsync(server)).Transactions > 20);
        await Judges.AmCheckAsync(server);

        await server.StopAsync();
        Assert.Equal(0, server.ExitCode);
        await Judges.ChecksumsAsync(major, server.DataDirectory);
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_copy_of_a_running_server_verifies_and_starts_beside_it(int major)
    {
        using var folder = new TemporaryFolder();
        var copy = folder.CreateForPostgres("copy");
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.PgbenchInitAsync(1);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 20);
        (await server.RunAsync("pg_basebackup", "-D", copy, "-X", "stream", "-c", "fast")).Expect();
        await Judges.VerifyBackupAsync(major, copy);

        await using var beside = PostgresServer.Over(major, copy);
        await beside.StartAsync();

        Assert.NotEqual(server.Port, beside.Port);
        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(beside));
        Assert.Equal(40, (await PgbenchBank.CheckAsync(beside)).Transactions);
    }

    [Fact]
    public async Task The_judges_find_a_flipped_byte_in_a_table()
    {
        using var folder = new TemporaryFolder();
        var copy = folder.CreateForPostgres("copy");
        await using var server = await PostgresServer.StartNewAsync(15);
        await server.PgbenchInitAsync(1);
        (await server.RunAsync("pg_basebackup", "-D", copy, "-X", "stream", "-c", "fast")).Expect();
        var table = await server.ScalarAsync<string>("SELECT pg_relation_filepath('pgbench_accounts')");
        using (var file = File.Open(Path.Combine(copy, table), FileMode.Open))
        {
            file.Position = 5000;
            var old = file.ReadByte();
            file.Position = 5000;
            file.WriteByte((byte)(old ^ 1));
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => Judges.VerifyBackupAsync(15, copy));

        await using var broken = PostgresServer.Over(15, copy);
        await broken.StartAsync();
        await broken.StopAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => Judges.ChecksumsAsync(15, copy));
    }

    [Fact]
    public async Task The_bank_finds_half_a_transaction()
    {
        await using var server = await PostgresServer.StartNewAsync(17);
        await server.PgbenchInitAsync(1);
        await server.ExecuteAsync("UPDATE pgbench_tellers SET tbalance = 1 WHERE tid = 1");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => PgbenchBank.CheckAsync(server));

        Assert.Contains("tellers 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_clusters_have_two_system_identifiers()
    {
        await using var one = await PostgresServer.StartNewAsync(18);
        await using var two = await PostgresServer.StartNewAsync(18);
        const string Identifier = "SELECT system_identifier FROM pg_control_system()";

        Assert.NotEqual(await one.ScalarAsync<long>(Identifier), await two.ScalarAsync<long>(Identifier));
    }

    [Fact]
    public async Task The_archive_command_runs_with_the_environment_that_the_server_was_given()
    {
        using var folder = new TemporaryFolder();
        var archive = folder.CreateForPostgres("archive");
        var options = new PostgresOptions
        {
            ArchiveCommand = "cp %p \"$LIFEBOAT_TEST_ARCHIVE\"/%f",
            Environment = new Dictionary<string, string?> { ["LIFEBOAT_TEST_ARCHIVE"] = archive },
        };
        await using var server = await PostgresServer.StartNewAsync(15, options);
        var segment = await server.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await server.WaitUntilAsync(
            "archiving", $"SELECT coalesce(last_archived_wal >= '{segment}', false) FROM pg_stat_archiver");

        Assert.True(File.Exists(Path.Combine(archive, segment)));
    }

    [Fact]
    public async Task A_server_that_cannot_start_fails_with_its_own_log()
    {
        await using var server = await PostgresServer.CreateAsync(
            18, new PostgresOptions { Settings = new Dictionary<string, string> { ["shared_buffers"] = "lots" } });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(server.StartAsync);

        Assert.Contains("shared_buffers", error.Message, StringComparison.Ordinal);
        Assert.False(server.IsRunning);
    }

    [Fact]
    public void A_major_that_is_not_there_is_an_error_that_names_what_installs_it()
    {
        var error = Assert.Throws<FileNotFoundException>(() => PostgresInstallation.Of(9));

        Assert.Contains("eng/setup", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_to_a_stopped_server_is_refused()
    {
        await using var server = await PostgresServer.StartNewAsync(13);
        await server.StopAsync();

        await Assert.ThrowsAsync<NpgsqlException>(() => server.ConnectAsync());
    }
}
