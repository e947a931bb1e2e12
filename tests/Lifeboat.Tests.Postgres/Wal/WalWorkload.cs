using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>
/// A server with segments of 1 MiB that archives into a folder by cp, and what to do to it so that its WAL holds
/// records of
/// many kinds.
/// </summary>
internal sealed class WalWorkload : IAsyncDisposable
{
    private const string EveryIndex = """
        create table t(id int primary key, a int[], p point, d date, s text);
        create index on t using gin(a);
        create index on t using gist(p);
        create index on t using spgist(s);
        create index on t using brin(d);
        create index on t using hash(s);
        create sequence q;
        insert into t select i, array[i % 7, i % 11], point(i, -i), date '2020-01-01' + i, md5(i::text)
            from generate_series(1, 5000) i;
        select pg_create_restore_point('before-truncate');
        create table gone as select i, repeat('x', 100) s from generate_series(1, 2000) i;
        truncate gone;
        drop table gone;
        select count(nextval('q')) from generate_series(1, 100);
        delete from t where id % 3 = 0;
        update t set s = s || 'y' where id % 5 = 0;
        vacuum t;
        set wal_compression = on;
        checkpoint;
        update t set s = s || 'z' where id % 2 = 0;
        vacuum full t;
        create unlogged table u as select * from t;
        alter table u set logged;
        select pg_logical_emit_message(true, 'large', repeat('0123456789abcdef', 300000));
        create database other;
        drop database other;
        """;

    private const string Transactions = """
        begin;
        insert into t values (-1, '{1}', point(0, 0), '2000-01-01', 'two');
        prepare transaction 'kept';
        begin;
        insert into t values (-2, '{1}', point(0, 0), '2000-01-01', 'two');
        prepare transaction 'thrown';
        begin;
        savepoint a;
        insert into t values (-3, '{2}', point(1, 1), '2000-01-02', 'sub');
        savepoint b;
        insert into t values (-4, '{2}', point(1, 1), '2000-01-02', 'sub');
        rollback to b;
        commit;
        commit prepared 'kept';
        rollback prepared 'thrown';
        begin;
        insert into t values (-5, '{2}', point(1, 1), '2000-01-02', 'sub');
        rollback;
        select pg_create_restore_point('twice');
        insert into t values (-6, '{2}', point(1, 1), '2000-01-02', 'more');
        select pg_create_restore_point('twice');
        insert into t values (-7, '{2}', point(1, 1), '2000-01-02', 'more');
        """;

    private WalWorkload(TemporaryFolder folder, PostgresServer server)
    {
        Folder = folder;
        Server = server;
    }

    internal static WalSegmentSize Size { get; } = new(1 << 20);

    internal TemporaryFolder Folder { get; }

    internal PostgresServer Server { get; }

    internal string Archive => Folder["archive"];

    internal static async Task<WalWorkload> StartAsync(int major)
    {
        var folder = new TemporaryFolder();
        var archive = folder.CreateForPostgres("archive");
        var server = await PostgresServer.StartNewAsync(major, new PostgresOptions
        {
            WalSegmentMegabytes = 1,
            ArchiveCommand = $"cp %p {archive}/%f",
            Settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = "10",
                ["max_wal_size"] = "64MB",
                ["min_wal_size"] = "2MB",
            },
        });
        return new WalWorkload(folder, server);
    }

    internal async Task IndexesAsync() => await RunAsync(EveryIndex);

    internal async Task TransactionsAsync() => await RunAsync(Transactions);

    internal async Task TransactionsOnNewTimelineAsync() => await RunAsync("""
        insert into t values (-20, '{2}', point(1, 1), '2000-01-02', 'on two');
        select pg_create_restore_point('on-two');
        """);

    /// <summary>Each line that ends in a semicolon ends a statement; all in one session.</summary>
    internal async Task RunAsync(string script)
    {
        List<string> words = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "postgres"];
        foreach (var statement in script.Split(
            ";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            words.AddRange("-c", statement);
        }

        (await Server.RunAsync("psql", [.. words])).Expect();
    }

    /// <summary>Ends the segment, and stops the server, which archives what is left first.</summary>
    internal async Task FinishAsync()
    {
        await RunAsync("select pg_switch_wal()");
        await Server.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Folder.Dispose();
    }
}
