using System.Globalization;
using System.Text.Json;
using Lifeboat.Testing;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>
/// What <c>lifeboat find</c> says of archived WAL, compared with what the server itself said when it was done.
/// </summary>
public sealed class WalFindTests
{
    private static readonly PostgresOptions s_options = PostgresOptions.Default with
    {
        WalSegmentMegabytes = 1,
        Settings = new Dictionary<string, string> { ["max_prepared_transactions"] = "10", ["autovacuum"] = "off" },
    };

    public static TheoryData<int> Busy() => [.. Sample.Of("find busy", 1, PostgresInstallation.Majors)];

    [Theory]
    [MemberData(nameof(Busy))]
    public Task Amid_busy_wal_the_exact_transaction_is_named_and_its_target_recovers_every_row(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(s_options));
            await server.PgbenchInitAsync(scale: 1);
            foreach (var (table, rows) in new[] { ("orders", 9000), ("items", 5000), ("prices", 2000), ("log", 3000) })
            {
                await server.ExecuteAsync(
                    $"CREATE TABLE {table}(id int PRIMARY KEY, v text);"
                    + $"INSERT INTO {table} SELECT i, md5('{table}' || i) FROM generate_series(1, {rows}) i");
            }

            await vault.BackupAsync(server);
            var accidents = new List<Accident>();
            var bench = server.PgbenchStart(clients: 2);
            await HappenAsync("delete", "orders", 4321, 300, "DELETE FROM orders WHERE id <= 4321");
            await HappenAsync(
                "update",
                "prices",
                1244,
                600,
                "UPDATE prices SET v = 'gone' WHERE id <= 1234; SAVEPOINT s; UPDATE prices SET v = 'never';"
                + "ROLLBACK TO s; SAVEPOINT t; UPDATE prices SET v = 'too' WHERE id > 1990; RELEASE t");
            await server.ExecuteAsync("CHECKPOINT");
            await HappenAsync("truncate", "items", null, 900, "TRUNCATE items");
            await HappenAsync("drop", "log", null, 1200, "DROP TABLE log");
            await server.WaitUntilAsync("busy", "SELECT count(*) > 1500 FROM pgbench_history");
            await bench.KillAsync();
            await server.ArchiveAllAsync();

            foreach (var accident in accidents)
            {
                var found = Assert.Single(await FindAsync(vault, accident.Event, "--table", accident.Table));
                Assert.Equal(accident.Xid, found.Number("xid"));
                Assert.Equal([$"public.{accident.Table}"], found.Texts("tables"));
                var rows = found.GetProperty("rows");
                Assert.Equal(accident.Rows, rows.ValueKind == JsonValueKind.Null ? null : rows.GetInt64());
                Assert.True(found.GetProperty("rowsAreWhole").GetBoolean());
                await using var restored = await vault.RecoverAsync(
                    server, $"r-{accident.Event}", "--target-lsn", found.Text("targetLsn"));
                Assert.Equal(accident.Before, await RowsAsync(restored, accident.Table));
                await PgbenchBank.CheckAsync(restored);
                await restored.StopAsync();
            }

            // Without a table's name the mass change stands out by its rows.
            var mass = Assert.Single(await FindAsync(vault, "update", "--min-rows", "100"));
            Assert.Equal(accidents[1].Xid, mass.Number("xid"));
            await BoundedSearchAsync(vault, accidents[0].Xid);

            async Task HappenAsync(string kind, string table, long? rows, int busy, string sql)
            {
                await server.WaitUntilAsync("busy", $"SELECT count(*) > {busy} FROM pgbench_history");
                var before = await RowsAsync(server, table);
                accidents.Add(new Accident(kind, table, await DoAsync(server, sql), rows, before));
            }
        });

    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task What_only_gives_tables_other_files_is_neither_a_drop_nor_a_truncation(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(s_options));
        await server.ExecuteAsync(Tables("old"));
        await vault.BackupAsync(server);
        // Made behind the backup, so that no catalog map has a name for them.
        await server.ExecuteAsync("CREATE SCHEMA shop");
        await server.ExecuteAsync(Tables("shop.new"));
        var drops = new SortedDictionary<long, string[]>();
        var truncations = new SortedDictionary<long, string[]>();
        foreach (var (name, full) in new[] { ("old", "public.old"), ("shop.new", "shop.new") })
        {
            await RewriteAsync(server, name);
            truncations[await DoAsync(server, $"TRUNCATE {name}1, {name}2")] = [$"{full}1", $"{full}2"];
            truncations[await DoAsync(
                server, $"TRUNCATE {name}3; INSERT INTO {name}3 SELECT i, 'y' FROM generate_series(1, 400) i")] =
                [$"{full}3"];
            await RewriteAsync(server, name);
            await server.ExecuteAsync("CHECKPOINT");
            truncations[await DoAsync(server, $"TRUNCATE {name}1; ALTER TABLE {name}3 ALTER id TYPE bigint")] =
                [$"{full}1"];
            drops[await DoAsync(
                server, $"CREATE TABLE {name}5 AS TABLE {name}3; DROP TABLE {name}3; ALTER TABLE {name}5 RENAME TO {name[^3..]}3")] =
                [$"{full}3"];
            drops[await DoAsync(server, $"DROP MATERIALIZED VIEW {name}m; DROP TABLE {name}2")] = [$"{full}m", $"{full}2"];
            await server.ExecuteAsync($"BEGIN; DROP TABLE {name}4; TRUNCATE {name}1; ROLLBACK");
            await server.ExecuteAsync($"BEGIN; SAVEPOINT s; DROP TABLE {name}4; ROLLBACK TO s; TABLE {name}4; COMMIT");
            var prepared = await DoAsync(server, $"DROP TABLE {name}4; PREPARE TRANSACTION 'p'", end: "");
            await server.ExecuteAsync("COMMIT PREPARED 'p'");
            drops[prepared] = [$"{full}4"];
        }

        drops[await DoAsync(server, "DROP SCHEMA shop CASCADE")] = ["shop.new1", "shop.new5"];
        await server.ExecuteAsync("CREATE TEMP TABLE passing(id int, v text)");
        await server.ExecuteAsync("CREATE TABLE brief(id int, v text); DROP TABLE brief");
        await server.ExecuteAsync("CREATE DATABASE other");
        await server.ExecuteAsync("DROP DATABASE other");
        await server.ArchiveAllAsync();

        Assert.Equal(truncations, ByXid(await FindAsync(vault, "truncate")), Same);
        var found = await FindAsync(vault, "drop");
        var database = found.Single(drop => drop.Texts("tables")[0].StartsWith("database ", StringComparison.Ordinal));
        Assert.Equal(drops, ByXid(found.Where(drop => drop.Number("xid") != database.Number("xid"))), Same);
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Rows_are_counted_for_the_tables_of_users_by_what_the_transaction_did_and_kept(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving(s_options with { WalSegmentMegabytes = 64 }));
        await server.ExecuteAsync(
            """
            CREATE TABLE parent(id int PRIMARY KEY);
            CREATE TABLE child(id int REFERENCES parent ON DELETE CASCADE, v text);
            CREATE TABLE part(id int, v text) PARTITION BY RANGE (id);
            CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100);
            CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (100) TO (1000);
            INSERT INTO parent SELECT generate_series(1, 100);
            INSERT INTO child SELECT 1 + i % 100, repeat('long', 3000) || i FROM generate_series(1, 500) i;
            INSERT INTO part SELECT i, 'v' FROM generate_series(1, 200) i;
            """);
        await vault.BackupAsync(server);
        var cascade = await DoAsync(server, "DELETE FROM parent WHERE id <= 10");
        var moved = await DoAsync(server, "UPDATE part SET id = id + 500 WHERE id < 50");
        var nested = await DoAsync(
            server,
            "DO $$ BEGIN FOR i IN 101..160 LOOP BEGIN DELETE FROM part WHERE id = i;"
            + " IF i % 2 = 0 THEN RAISE 'no'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $$");
        await server.ExecuteAsync("BEGIN; DELETE FROM parent; ROLLBACK");
        await server.ExecuteAsync("INSERT INTO parent VALUES (11) ON CONFLICT DO NOTHING");
        await server.ArchiveAllAsync();

        var deletes = (await FindAsync(vault, "delete")).ToDictionary(found => found.Number("xid"));
        Assert.Equal(new HashSet<long> { cascade, nested }, deletes.Keys.ToHashSet());
        Assert.Equal(60, deletes[cascade].Number("rows"));
        Assert.Equal(["public.child", "public.parent"], deletes[cascade].Texts("tables").Order());
        Assert.Equal(30, deletes[nested].Number("rows"));
        var update = Assert.Single(await FindAsync(vault, "update"));
        Assert.Equal((moved, 49L), (update.Number("xid"), update.Number("rows")));
        Assert.Equal(["public.part1"], update.Texts("tables"));
    }

    /// <summary>Every row of a table, in order, as text.</summary>
    private static Task<string> RowsAsync(PostgresServer server, string table) =>
        server.ScalarAsync<string>($"SELECT string_agg(t::text, E'\n' ORDER BY id) FROM {table} t");

    private static async Task BoundedSearchAsync(Vault vault, long deleted)
    {
        var found = (await FindAsync(vault, "delete", "--table", "orders"))[0];
        var time = found.GetProperty("time").GetDateTimeOffset();
        string At(double seconds) =>
            time.AddSeconds(seconds).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var within = Assert.Single(
            await FindAsync(vault, "delete", "--table", "orders", "--between", At(0), At(0.5)));
        Assert.Equal((deleted, 4321L), (within.Number("xid"), within.Number("rows")));
        Assert.Empty(await FindAsync(vault, "delete", "--table", "orders", "--between", At(0.000001), At(3600)));
        Assert.Single(await FindAsync(
            vault, "delete", "--table", "orders", "--between", found.Text("lsn"), found.Text("endLsn")));
        Assert.Empty(await FindAsync(
            vault, "delete", "--table", "orders", "--between", "0/0", found.Text("targetLsn")));
    }

    /// <summary>Four tables and a materialised view; each table has a TOAST table and an index.</summary>
    private static string Tables(string name) => string.Concat(Enumerable.Range(1, 4).Select(i =>
        $"CREATE TABLE {name}{i}(id int PRIMARY KEY, v text);"
        + $"INSERT INTO {name}{i} SELECT i, repeat('x', 100) FROM generate_series(1, 300) i;"))
        + $"CREATE MATERIALIZED VIEW {name}m AS SELECT * FROM {name}2";

    private static async Task RewriteAsync(PostgresServer server, string name)
    {
        await server.ExecuteAsync($"VACUUM FULL {name}1");
        await server.ExecuteAsync($"CLUSTER {name}2 USING {name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]}2_pkey");
        await server.ExecuteAsync($"REINDEX TABLE {name}2");
        await server.ExecuteAsync($"REFRESH MATERIALIZED VIEW {name}m");
        await server.ExecuteAsync($"ALTER TABLE {name}4 SET UNLOGGED");
        await server.ExecuteAsync($"ALTER TABLE {name}4 SET LOGGED");
        await server.ExecuteAsync("VACUUM FULL pg_class");
        await server.ExecuteAsync($"VACUUM FULL {name}2");
    }

    /// <summary>Does it in one transaction, whose id comes back.</summary>
    private static async Task<long> DoAsync(PostgresServer server, string sql, string end = "; COMMIT")
    {
        await using var connection = await server.ConnectAsync();
        await using var begin = new Npgsql.NpgsqlCommand("BEGIN", connection);
        await begin.ExecuteNonQueryAsync();
        await using var ask = new Npgsql.NpgsqlCommand("SELECT txid_current()", connection);
        var xid = (long)(await ask.ExecuteScalarAsync())!;
        await using var command = new Npgsql.NpgsqlCommand(sql + end, connection);
        await command.ExecuteNonQueryAsync();
        return xid;
    }

    private static async Task<JsonElement[]> FindAsync(Vault vault, string kind, params IReadOnlyList<string> more) =>
        [.. (await vault.JsonAsync(["find", "--event", kind, .. more])).GetProperty("transactions").EnumerateArray()];

    private static SortedDictionary<long, string[]> ByXid(IEnumerable<JsonElement> found) =>
        new(found.ToDictionary(item => item.Number("xid"), item => item.Texts("tables")));

    private static bool Same(SortedDictionary<long, string[]> expected, SortedDictionary<long, string[]> actual) =>
        expected.Keys.SequenceEqual(actual.Keys)
        && expected.All(item => item.Value.Order(StringComparer.Ordinal).SequenceEqual(
            actual[item.Key].Order(StringComparer.Ordinal)));

    /// <param name="Before">The table's rows when it happened.</param>
    private sealed record Accident(string Event, string Table, long Xid, long? Rows, string Before);
}
