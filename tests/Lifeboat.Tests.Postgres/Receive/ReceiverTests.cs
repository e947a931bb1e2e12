using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Receive;

/// <summary>What a receiver takes, refuses and leaves.</summary>
public sealed class ReceiverTests
{
    public static TheoryData<int, int> Sizes() =>
    [
        .. Sample.Of(
            "received segment sizes",
            1,
            from major in PostgresInstallation.Majors
            from megabytes in (int[])[1, 64]
            select new TheoryDataRow<int, int>(major, megabytes)),
    ];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Beside_an_archive_command_the_receiver_stores_the_same_segments(int major, int megabytes)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving(PostgresOptions.Default with { WalSegmentMegabytes = megabytes }));
        using var receiver = await Receiver.StreamingAsync(vault, server.ConnInfo());
        await vault.BackupAsync(server);
        await server.PgbenchInitAsync(megabytes == 1 ? 1 : 5);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 50);
        await server.ArchiveAllAsync();
        await server.PgbenchTransactionsAsync(clients: 1, transactions: 10);
        await server.ReceivedAllAsync();
        await receiver.StopAsync();

        Assert.Empty(receiver.Events("interrupted"));
        Assert.True(receiver.Events("segmentStored").Count > (megabytes == 1 ? 5 : 0));
        Assert.Equal(0L, await server.ScalarAsync<long>("SELECT failed_count FROM pg_stat_archiver"));
        var check = await vault.JsonAsync("check", "--read-data");
        Assert.DoesNotContain(
            check.GetProperty("findings").EnumerateArray(), finding => finding.Text("severity") != "information");
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(110, (await PgbenchBank.CheckAsync(restored)).Transactions);
    }

    [Fact]
    public async Task A_target_within_pieces_is_found_shown_and_recovered()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17);
        using var receiver = await Receiver.StreamingAsync(vault, server.ConnInfo());
        await server.ExecuteAsync("CREATE TABLE t(a int)");
        await vault.BackupAsync(server);
        await server.ExecuteAsync("INSERT INTO t VALUES (1)");
        await server.ExecuteAsync("SELECT pg_create_restore_point('here')");
        var target = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ExecuteAsync("INSERT INTO t VALUES (2)");
        var end = await server.ReceivedAllAsync();

        var window = Assert.Single((await vault.JsonAsync("list")).GetProperty("windows").EnumerateArray());
        // The server may have written a record of its own since.
        Assert.True(Lsn.Parse(window.Text("end")) >= Lsn.Parse(end));
        Assert.True(Lsn.Parse(window.Text("end")) < Lsn.Parse("0/4000000"));
        var beyond = await vault.ErrorAsync(
            11, "restore", "--to", vault.Folder["none"], "--target-lsn", "1/0");
        Assert.DoesNotContain("0/4000000", beyond.Text("hint"), StringComparison.Ordinal);
        await server.KillAsync();
        await receiver.KillAsync();

        await using var exact = await vault.RecoverAsync(
            server, "lsn", "--target-lsn", target, "--target-exclusive");
        Assert.Equal(1L, await exact.ScalarAsync<long>("SELECT sum(a) FROM t"));
        await using var named = await vault.RecoverAsync(server, "name", "--target-name", "here");
        Assert.Equal(1L, await named.ScalarAsync<long>("SELECT sum(a) FROM t"));
        await using var latest = await vault.RecoverAsync(server, "latest");
        Assert.Equal(3L, await latest.ScalarAsync<long>("SELECT sum(a) FROM t"));
    }

    [Fact]
    public async Task A_copy_with_the_same_identity_is_refused_and_changes_nothing()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18);
        using (var first = await Receiver.StreamingAsync(vault, server.ConnInfo()))
        {
            await server.ExecuteAsync("CREATE TABLE t(a int)");
            await server.ReceivedAllAsync();
            await first.StopAsync();
        }

        await server.StopAsync();
        var directory = Path.Combine(vault.Folder.CreateForPostgres("clone"), "data");
        PostgresUser.Coreutils("cp", "-a", "--", server.DataDirectory, directory);
        await server.StartAsync();
        using (var second = await Receiver.StreamingAsync(vault, server.ConnInfo()))
        {
            await server.ExecuteAsync("INSERT INTO t VALUES (1)");
            await server.ReceivedAllAsync();
            await second.StopAsync();
        }

        var before = vault.Objects();
        await using var clone = PostgresServer.Over(18, directory, server.Options);
        await clone.StartAsync();
        await clone.ExecuteAsync("CREATE TABLE other AS SELECT * FROM generate_series(1, 10000)");
        using var refused = Receiver.Start(vault, clone.ConnInfo());
        var result = (await refused.EndedAsync()).Expect(13);
        Assert.Contains("other bytes than are archived", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, vault.Objects());
    }

    [Fact]
    public async Task A_slot_is_needed_is_made_when_asked_for_and_dropped_when_asked_for()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(15);
        string[] words = ["wal", "receive", "--connection", server.ConnInfo(), "--slot", "mine"];
        var missing = await vault.ErrorAsync(3, words);
        Assert.Contains("--create-slot", missing.Text("hint"), StringComparison.Ordinal);
        await vault.ErrorAsync(2, "wal", "receive", "--slot", "Not-A-Slot");

        using (var receiver = await Receiver.StreamingAsync(
            vault, server.ConnInfo(), "--slot", "mine", "--slot-limit", "1"))
        {
            Assert.Single(receiver.Events("slotCreated"));
            await server.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a");
            await server.ReceivedAllAsync("mine");

            // Somebody else cannot take it meanwhile.
            await vault.ErrorAsync(8, [.. words, "--drop-slot"]);
            await receiver.StopAsync();
            Assert.Single(receiver.Events("stopped"));
        }

        Assert.Equal(
            "reserved", await server.ScalarAsync<string>("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'mine'"));
        Assert.Equal("slotDropped", (await vault.JsonAsync([.. words, "--drop-slot"])).Text("event"));
        Assert.Equal(0L, await server.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots"));
    }

    [Fact]
    public async Task Wal_that_the_server_removed_stops_the_receiver_until_it_may_leave_a_gap()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            13, PostgresOptions.Default with { WalSegmentMegabytes = 1 });
        using (var receiver = await Receiver.StreamingAsync(vault, server.ConnInfo()))
        {
            await server.ExecuteAsync("CREATE TABLE t(a int)");
            await server.ReceivedAllAsync();
            await receiver.StopAsync();
        }

        await server.ExecuteAsync("SELECT pg_drop_replication_slot('lifeboat')");
        for (var segment = 0; segment < 6; segment++)
        {
            await server.ExecuteAsync("INSERT INTO t VALUES (1)");
            await server.ExecuteAsync("SELECT pg_switch_wal()");
            await server.ExecuteAsync("CHECKPOINT");
        }

        using (var refused = Receiver.Start(vault, server.ConnInfo()))
        {
            var result = (await refused.EndedAsync()).Expect(14);
            Assert.Contains("--skip-missing", result.Error, StringComparison.Ordinal);
        }

        using var behind = await Receiver.StreamingAsync(vault, server.ConnInfo(), "--skip-missing");
        await behind.WaitForTextAsync("going on behind the gap");
        await vault.BackupAsync(server);
        await server.ExecuteAsync("INSERT INTO t VALUES (1)");
        await server.ReceivedAllAsync();
        await behind.StopAsync();
        Assert.NotEmpty((await vault.JsonAsync("list")).GetProperty("gaps").EnumerateArray());
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.Equal(7L, await restored.ScalarAsync<long>("SELECT sum(a) FROM t"));
    }
}
