using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>What the parsed bodies say, where the judge is the server itself.</summary>
public sealed class WalRowsJudgeTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Rows_are_counted_to_their_transaction_as_its_statements_changed_them(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        var file = workload.Folder.CreateForPostgres("copied") + "/rows";
        await workload.RunAsync($"""
            create table t(id int primary key, s text);
            create table p(id int, s text) partition by list (id);
            create table p_1 partition of p for values in (1);
            create table p_2 partition of p for values in (2);
            insert into t select i, 'a' from generate_series(1, 3000) i;
            insert into p select 1, 'a' from generate_series(1, 70) i;
            copy (select i + 10000, 'b' from generate_series(1, 1500) i) to '{file}'
            """);
        await workload.RunAsync($"""
            begin;
            create table told as select txid_current()::bigint x;
            insert into t select i, 'c' from generate_series(5001, 5700) i;
            copy t from '{file}';
            savepoint a;
            update t set s = 'd' where id <= 300;
            savepoint b;
            delete from t where id between 301 and 550;
            insert into t values (1, 'e'), (9001, 'e') on conflict do nothing;
            update p set id = 2;
            commit;
            """);
        var xid = await workload.Server.ScalarAsync<long>("select x from told");
        var table = await FilesAsync(workload.Server, "t");
        var from = await FilesAsync(workload.Server, "p_1");
        var to = await FilesAsync(workload.Server, "p_2");
        await workload.FinishAsync();

        var counted = Count(workload, new TransactionId((uint)xid));

        Assert.Equal(700 + 1500 + 1, counted[(table, "inserted")]);
        Assert.Equal(300, counted[(table, "updated")]);
        Assert.Equal(250, counted[(table, "deleted")]);
        Assert.Equal(70, counted[(from, "moved")]);
        Assert.Equal(70, counted[(to, "inserted")]);
        Assert.False(counted.ContainsKey((from, "deleted")));
    }

    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task The_last_map_update_names_the_files_that_the_catalogs_have(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        await workload.RunAsync("vacuum full pg_class;\nvacuum full pg_type;\nvacuum full pg_proc;\n");
        var theirs = await workload.Server.ScalarAsync<string>(
            """
            select string_agg(oid || '=' || pg_relation_filenode(oid), ' ' order by oid) from pg_class
            where relfilenode = 0 and not relisshared and pg_relation_filenode(oid) is not null
            """);
        await workload.FinishAsync();

        var ours = "";
        WaldumpRun.ForEach(workload, (in WalRecord record) =>
        {
            if (RelMapUpdate.TryParse(record, out var update) && update.Database != 0)
            {
                var pairs = new List<(uint Oid, uint RelNumber)>();
                for (var i = 0; i < update.Count; i++)
                {
                    pairs.Add(update[i]);
                }

                ours = string.Join(' ', pairs.OrderBy(p => p.Oid).Select(p => $"{p.Oid}={p.RelNumber}"));
            }
        });

        Assert.Equal(theirs, ours);
    }

    /// <summary>The rows that a transaction and its sub-transactions changed, by relation and kind of change.</summary>
    private static Dictionary<(RelFileLocator Relation, string Change), int> Count(
        WalWorkload workload, TransactionId top)
    {
        var byXid = new Dictionary<TransactionId, Dictionary<(RelFileLocator, string), int>>();
        var counted = new Dictionary<(RelFileLocator, string), int>();
        WaldumpRun.ForEach(workload, (in WalRecord record) =>
        {
            if (HeapChange.TryParse(record, out var change))
            {
                var key = (change.Relation, NameOf(change));
                if (!byXid.TryGetValue(record.Xid, out var rows))
                {
                    byXid[record.Xid] = rows = [];
                }

                rows[key] = rows.GetValueOrDefault(key) + change.Rows;
            }
            else if (TransactionEnd.TryParse(record, out var end) && end.Xid == top)
            {
                Assert.True(end.IsCommit && end.SubxactCount == 2);
                Add(top);
                for (var i = 0; i < end.SubxactCount; i++)
                {
                    Add(end.Subxact(i));
                }
            }
        });
        return counted;

        void Add(TransactionId xid)
        {
            foreach (var (key, rows) in byXid.GetValueOrDefault(xid, []))
            {
                counted[key] = counted.GetValueOrDefault(key) + rows;
            }
        }
    }

    private static string NameOf(in HeapChange change) => change.Kind switch
    {
        HeapChangeKind.Insert or HeapChangeKind.MultiInsert => "inserted",
        HeapChangeKind.Update or HeapChangeKind.HotUpdate => "updated",
        HeapChangeKind.Delete when change.MovesToOtherPartition => "moved",
        HeapChangeKind.Delete when change.AbortsSpeculativeInsert => "taken back",
        HeapChangeKind.Delete => "deleted",
        _ => "confirmed",
    };

    private static async Task<RelFileLocator> FilesAsync(PostgresServer server, string table)
    {
        var database = await server.ScalarAsync<long>("select oid::bigint from pg_database where datname = 'postgres'");
        var files = await server.ScalarAsync<long>($"select pg_relation_filenode('{table}')::bigint");
        return new RelFileLocator(1663, (uint)database, (uint)files);
    }
}
