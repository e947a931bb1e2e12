using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Server;

public sealed class BackupSessionTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_backup_gives_its_label_and_positions_and_a_copy_made_meanwhile_recovers(int major)
    {
        using var folder = new TemporaryFolder();
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.PgbenchInitAsync(1);
        await using var backup = await BackupSession.StartAsync(await OpenAsync(server), "näm'e", fast: true, default);
        var copy = folder["copy"];
        PostgresUser.Coreutils("cp", "-a", "--", server.DataDirectory, copy);
        await server.PgbenchTransactionsAsync(clients: 1, transactions: 10);
        var reached = await backup.WalPositionAsync(default);

        var stop = await backup.StopAsync(default);

        Assert.True(backup.StartLsn < reached && reached <= stop.StopLsn);
        Assert.Contains($"START WAL LOCATION: {backup.StartLsn} ", stop.BackupLabelText, StringComparison.Ordinal);
        Assert.Contains("LABEL: näm'e\n", stop.BackupLabelText, StringComparison.Ordinal);
        Assert.Equal("", stop.TablespaceMapText);

        File.Delete(Path.Combine(copy, "postmaster.pid"));
        await File.WriteAllBytesAsync(Path.Combine(copy, "backup_label"), stop.BackupLabel.ToArray());
        PostgresUser.Coreutils(
            "cp", "-a", "--", Path.Combine(server.DataDirectory, "pg_wal", "."), Path.Combine(copy, "pg_wal"));
        await using var restored = PostgresServer.Over(major, copy);
        await restored.StartAsync();
        Assert.Contains("consistent recovery state reached", restored.Log, StringComparison.Ordinal);
        Assert.Equal(10, (await PgbenchBank.CheckAsync(restored)).Transactions);
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Tablespaces_are_in_the_map_with_the_path_they_have(int major)
    {
        using var folder = new TemporaryFolder();
        var place = folder.CreateForPostgres("a place");
        await using var server = await PostgresServer.StartNewAsync(major);
        await server.ExecuteAsync($"CREATE TABLESPACE \"odd ' name\" LOCATION '{place}'");
        var oid = await server.ScalarAsync<uint>("SELECT oid FROM pg_tablespace WHERE spcname LIKE 'odd%'");
        await using var backup = await BackupSession.StartAsync(await OpenAsync(server), "x", fast: true, default);

        var stop = await backup.StopAsync(default);

        Assert.Equal($"{oid} {place}\n", stop.TablespaceMapText);
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_session_that_is_killed_in_mid_backup_is_noticed_and_leaves_no_backup_mode(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major, NoFullPages);
        var session = await OpenAsync(server);
        var process = session.BackendProcessId;
        await using var backup = await BackupSession.StartAsync(session, "x", fast: true, default);
        await backup.CheckAliveAsync(default);
        Assert.True(await LogsWholePagesAsync(server));

        await server.ScalarAsync<bool>($"SELECT pg_terminate_backend({process})");
        await server.WaitUntilAsync(
            "rid of the session", $"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {process}");

        var error = await Assert.ThrowsAsync<LifeboatException>(() => backup.StopAsync(default));
        Assert.Equal(ErrorCode.ServerUnavailable, error.Code);
        Assert.Contains("the backup", error.Message, StringComparison.Ordinal);
        Assert.False(await LogsWholePagesAsync(server));
        Assert.False(File.Exists(Path.Combine(server.DataDirectory, "backup_label")));
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task A_backup_that_is_given_up_leaves_no_backup_mode(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major, NoFullPages);
        var session = await OpenAsync(server);
        var process = session.BackendProcessId;
        await using (await BackupSession.StartAsync(session, "x", fast: true, default))
        {
            Assert.True(await LogsWholePagesAsync(server));
        }

        await server.WaitUntilAsync(
            "rid of the session", $"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {process}");
        Assert.False(await LogsWholePagesAsync(server));
    }

    [Fact]
    public async Task A_server_that_dies_in_mid_backup_is_an_unavailable_server()
    {
        await using var server = await PostgresServer.StartNewAsync(15);
        await using var backup = await BackupSession.StartAsync(await OpenAsync(server), "x", fast: true, default);
        await server.KillAsync();

        var error = await Assert.ThrowsAsync<LifeboatException>(() => backup.CheckAliveAsync(default));

        Assert.Equal((ErrorCode.ServerUnavailable, true), (error.Code, error.Failure.Transient));
    }

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task Held_WAL_is_still_there_after_checkpoints_and_goes_with_the_session(int major)
    {
        await using var server = await PostgresServer.StartNewAsync(major);
        string segment;
        await using (var session = await OpenAsync(server))
        {
            var hold = await WalHold.TryTakeAsync(session, "lifeboat_1", default);
            Assert.True(hold.IsHeld);
            segment = WalSegmentName.Of(Timeline.First, hold.From, WalSegmentSize.Default).ToString();
            await ChurnAsync(server);
            Assert.True(File.Exists(Path.Combine(server.DataDirectory, "pg_wal", segment)));

            var second = await WalHold.TryTakeAsync(session, "lifeboat_1", default);
            Assert.False(second.IsHeld);
            Assert.Contains("already exists", second.Reason, StringComparison.Ordinal);
        }

        await server.WaitUntilAsync("rid of the slot", "SELECT count(*) = 0 FROM pg_replication_slots");
        await ChurnAsync(server);
        Assert.False(File.Exists(Path.Combine(server.DataDirectory, "pg_wal", segment)));
    }

    [Fact]
    public async Task The_archiver_s_last_failure_is_told_from_its_last_success()
    {
        using var folder = new TemporaryFolder();
        var works = folder["works"];
        await using var server = await PostgresServer.StartNewAsync(
            18, new PostgresOptions { ArchiveCommand = $"test -e {works}" });
        await using var session = await OpenAsync(server);
        Assert.Contains("nothing yet", $"{await ArchiverStatus.ReadAsync(session, default)}", StringComparison.Ordinal);

        await server.ExecuteAsync("SELECT pg_switch_wal()");
        await server.WaitUntilAsync("failing", "SELECT failed_count > 0 FROM pg_stat_archiver");
        var failing = await ArchiverStatus.ReadAsync(session, default);
        Assert.True(failing.IsFailing);
        Assert.Contains("000000010000000000000001", $"{failing}", StringComparison.Ordinal);

        await File.WriteAllTextAsync(works, "");
        await server.WaitUntilAsync("archiving", "SELECT archived_count > 0 FROM pg_stat_archiver");
        Assert.False((await ArchiverStatus.ReadAsync(session, default)).IsFailing);
    }

    private static PostgresOptions NoFullPages => new()
    {
        Checksums = false,
        Settings = new Dictionary<string, string> { ["full_page_writes"] = "off", ["autovacuum"] = "off" },
    };

    private static Task<ServerSession> OpenAsync(PostgresServer server) =>
        ServerSession.OpenAsync(ServerSessionTests.Info(server), default);

    /// <summary>
    /// A non-exclusive backup shows nowhere in SQL; but with full_page_writes off the server logs whole pages only
    /// while one is going on. A table of 4000 rows is about 110 pages, whose images are more than all its row changes.
    /// </summary>
    private static async Task<bool> LogsWholePagesAsync(PostgresServer server)
    {
        await server.ExecuteAsync("DROP TABLE IF EXISTS t");
        await server.ExecuteAsync(
            "CREATE TABLE t AS SELECT i, repeat('x', 180) AS filler FROM generate_series(1, 4000) i");
        await server.ExecuteAsync("CHECKPOINT");
        await using var connection = await server.ConnectAsync();
        var before = await PositionAsync(connection);
        await using (var command = new Npgsql.NpgsqlCommand("DELETE FROM t", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        return await PositionAsync(connection) - before > 500_000;
    }

    private static async Task<ulong> PositionAsync(Npgsql.NpgsqlConnection connection)
    {
        await using var command = new Npgsql.NpgsqlCommand("SELECT pg_current_wal_insert_lsn()::text", connection);
        return Lsn.Parse((string)(await command.ExecuteScalarAsync())!).Value;
    }

    private static async Task ChurnAsync(PostgresServer server)
    {
        for (var i = 0; i < 3; i++)
        {
            await server.ExecuteAsync("SELECT pg_switch_wal()");
            await server.ExecuteAsync("CHECKPOINT");
        }
    }
}
