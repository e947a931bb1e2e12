using System.Globalization;
using System.Text.Json;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing;
using Lifeboat.Testing.Servers;
using Npgsql;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>What is said to be recoverable is, up to its very edges; and what is lost now is told exactly.</summary>
public sealed class WindowTargetTests
{
    private const int Unreachable = 11;

    private static readonly PostgresOptions s_options = PostgresOptions.Default with
    {
        WalSegmentMegabytes = 1,
        Settings = new Dictionary<string, string> { ["autovacuum"] = "off", ["max_prepared_transactions"] = "10" },
    };

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task A_time_in_the_quiet_tail_of_an_idle_server_recovers_all_of_it(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(s_options));
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 1000) i");
        await Task.Delay(1100);
        var quiet = Text(await server.ScalarAsync<DateTime>("SELECT now()"));
        // Nothing that carries a time is written behind the commit: only the push can tell that the server was quiet.
        var segment = await server.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await server.WaitUntilAsync(
            "archived", $"SELECT coalesce(max(last_archived_wal) >= '{segment}', false) FROM pg_stat_archiver");

        var refused = await vault.ErrorAsync(
            Unreachable, "restore", "--to", vault.Folder["x"], "--target-time", "2100-01-01 00:00:00+00", "--dry-run");
        Assert.Contains("--target-lsn", refused.Text("hint"), StringComparison.Ordinal);
        await using var restored = await vault.RecoverAsync(server, "r", "--target-time", quiet);
        Assert.Equal(1000, await restored.ScalarAsync<long>("SELECT count(*) FROM t"));
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public Task The_edges_of_a_printed_window_can_be_recovered_and_nothing_beyond(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(s_options));
            await Ledger.CreateAsync(server);
            using var stop = new CancellationTokenSource();
            var writing = Ledger.WriteAsync(server, clients: 2, stop.Token);
            await server.WaitUntilAsync("written", "SELECT count(*) > 20 FROM ledger");
            await vault.BackupAsync(server);
            await server.WaitUntilAsync("written", "SELECT count(*) > 120 FROM ledger");
            await stop.CancelAsync();
            await writing;
            await server.ArchiveAllAsync();
            var all = (await Ledger.VisibleAsync(server)).Count;

            var window = (await vault.JsonAsync("list")).GetProperty("windows")[0];
            var (start, end) = (window.GetProperty("startTime"), window.GetProperty("endTime"));
            string[][] within =
            [
                ["--target-lsn", window.Text("start")],
                ["--target-lsn", window.Text("start"), "--target-exclusive"],
                ["--target-lsn", window.Text("end")],
                ["--target-lsn", window.Text("end"), "--target-exclusive"],
                ["--target-time", Text(start.GetDateTimeOffset().UtcDateTime)],
                ["--target-time", Text(end.GetDateTimeOffset().UtcDateTime)],
            ];
            string[][] outside =
            [
                ["--target-lsn", (Lsn.Parse(window.Text("end")) + 1).ToString()],
                ["--target-lsn", new Lsn(Lsn.Parse(window.Text("start")).Value - 4096).ToString(), "--target-exclusive"],
                ["--target-time", Text(start.GetDateTimeOffset().UtcDateTime.AddMicroseconds(-1))],
                ["--target-time", Text(end.GetDateTimeOffset().UtcDateTime.AddMicroseconds(1))],
            ];
            foreach (var target in outside)
            {
                await vault.ErrorAsync(Unreachable, ["restore", "--to", vault.Folder["x"], "--dry-run", .. target]);
            }

            var at = 0;
            foreach (var target in Sample.Of("window edges", 3, within))
            {
                await using var restored = await vault.RecoverAsync(server, $"r{at++}", target);
                var visible = (await Ledger.VisibleAsync(restored)).Count;
                Assert.InRange(visible, 1, all);
                Assert.True(
                    target[1] != window.Text("end") || visible == all, $"{visible} of {all} at {string.Join(' ', target)}");
            }
        });

    [Fact]
    public async Task A_segment_that_lacks_is_named_and_targets_behind_it_are_refused()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(18, vault.Archiving(s_options));
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE t(i int, v text)");
        var before = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ExecuteAsync("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(1, 6000) i");
        var behind = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ArchiveAllAsync();
        var size = new WalSegmentSize(1 << 20);
        var missing = WalSegmentName.Of(Timeline.First, Lsn.Parse(before) + (3 << 20), size);
        foreach (var item in Directory.EnumerateFiles(vault.Repository, $"{missing}-*", SearchOption.AllDirectories))
        {
            File.Delete(item);
        }

        var list = await vault.JsonAsync("list");

        var gap = Assert.Single(list.GetProperty("gaps").EnumerateArray());
        Assert.Equal(missing.ToString(), gap.Text("first"));
        Assert.Equal(missing.ToString(), gap.Text("last"));
        var refused = await vault.ErrorAsync(
            Unreachable, "restore", "--to", vault.Folder["x"], "--dry-run", "--target-lsn", behind);
        Assert.Contains(missing.ToString(), refused.Text("cause"), StringComparison.Ordinal);
        await using var restored = await vault.RecoverAsync(server, "r", "--target-lsn", before);
        Assert.Equal(0, await restored.ScalarAsync<long>("SELECT count(*) FROM t"));
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task What_would_be_lost_now_is_told_by_the_servers_own_wal(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving(s_options with { WalSegmentMegabytes = 64 }));
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE t(i int)");
        await server.ExecuteAsync("SELECT pg_create_restore_point('before')");
        await server.ArchiveAllAsync();
        string[] connection = ["--connection", server.ConnInfo()];

        var none = (await vault.JsonAsync(["status", .. connection])).GetProperty("rpo");
        Assert.Equal((0.0, true), (none.GetProperty("seconds").GetDouble(), none.GetProperty("exact").GetBoolean()));
        for (var i = 0; i < 5; i++)
        {
            await server.ExecuteAsync($"INSERT INTO t VALUES ({i})");
        }

        await using (var open = await server.ConnectAsync())
        {
            await using var insert = new NpgsqlCommand("BEGIN; INSERT INTO t VALUES (9)", open);
            await insert.ExecuteNonQueryAsync();
            foreach (var words in new[] { connection, ["--cluster-dir", server.DataDirectory] })
            {
                var rpo = (await vault.JsonAsync(["status", .. words])).GetProperty("rpo");
                Assert.Equal(5, rpo.GetProperty("notArchived").Number("commits"));
                Assert.True(rpo.GetProperty("exact").GetBoolean());
                Assert.True(rpo.GetProperty("seconds").GetDouble() > 0);
            }
        }

        Assert.False((await vault.JsonAsync("status")).GetProperty("rpo").GetProperty("exact").GetBoolean());
        var beat = await vault.JsonAsync(["status", "--heartbeat", .. connection]);
        Assert.True(beat.GetProperty("heartbeat").GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(0, beat.GetProperty("rpo").GetProperty("seconds").GetDouble());
        var window = beat.GetProperty("windows").EnumerateArray().Last();
        Assert.Equal(
            "before", window.GetProperty("restorePoints").EnumerateArray().First().Text("name"));
        await server.StopAsync();
        var down = (await vault.JsonAsync(["status", .. connection])).GetProperty("rpo");
        Assert.Contains("cannot be reached", down.Text("note"), StringComparison.Ordinal);
    }

    private static string Text(DateTime time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
}
