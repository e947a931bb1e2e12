namespace Lifeboat.Tests.Postgres.Changes;

/// <summary>
/// What to do to a server so that every way of changing relation files occurs, in any order and any number.
/// </summary>
internal static class ChangeSteps
{
    /// <summary>Each line that ends in a semicolon ends a statement.</summary>
    internal const string Base = """
        create table t(id int primary key, a int[], p point, d date, s text);
        create index on t using gin(a);
        create index on t using gist(p);
        create index on t using spgist(s);
        create index on t using brin(d);
        create index on t using hash(s);
        create table big(id bigserial primary key, s text) with (fillfactor = 50);
        create table toasted(id int, s text);
        alter table toasted alter s set storage external;
        create sequence q;
        create materialized view m as select id, s from t;
        create unlogged table u(id int primary key, s text);
        insert into t select i, array[i % 7, i % 11], point(i, -i), date '2020-01-01' + i, md5(i::text)
            from generate_series(1, 5000) i;
        insert into big(s) select repeat('b', 200) from generate_series(1, 8000);
        insert into toasted select i, repeat(md5(i::text), 300) from generate_series(1, 50) i;
        insert into u select i, 'u' from generate_series(1, 1000) i;
        vacuum (freeze) t;
        vacuum (freeze) big;
        """;

    /// <summary>One that PostgreSQL 15 and later understand.</summary>
    internal const string FileCopyDatabase = """
        create database copied strategy file_copy;
        drop database if exists other;
        alter database copied rename to other;
        """;

    internal static IReadOnlyList<string> All { get; } =
    [
        """
        insert into t select i, array[i % 7, i % 11], point(i, -i), date '2020-01-01' + i % 4000, md5(i::text)
            from generate_series((select max(id) + 1 from t), (select max(id) + 700 from t)) i;
        """,
        "update t set s = s || 'y', a = a || 3 where id % 13 = (random() * 12)::int;",
        "update big set s = 'c' where id % 97 = (random() * 96)::int;",
        """
        delete from big where id > (select max(id) - 2500 from big);
        vacuum big;
        insert into big(s) select repeat('n', 300) from generate_series(1, 400);
        """,
        """
        delete from t where id % 5 = (random() * 4)::int;
        vacuum (freeze) t;
        """,
        """
        vacuum (freeze) big;
        begin;
        select id from big where id % 501 = 0 for update;
        commit;
        select id from t where id % 301 = 0 for share;
        """,
        """
        create table x as select i, repeat('x', 100) s from generate_series(1, 3000) i;
        create index on x(s);
        drop table if exists y;
        alter table x rename to y;
        """,
        """
        create table if not exists y(i int, s text);
        truncate y;
        insert into y select i, 'again' from generate_series(1, 500) i;
        begin;
        truncate y;
        insert into y select i, 'third' from generate_series(1, 300) i;
        commit;
        """,
        "reindex table t;",
        "vacuum full big;",
        "cluster t using t_pkey;",
        "alter table big set tablespace space;",
        """
        alter table big set tablespace pg_default;
        alter index t_pkey set tablespace space;
        """,
        """
        drop database if exists other;
        create database other;
        """,
        """
        create database other2 tablespace space;
        drop database other2;
        """,
        "select lo_from_bytea(0, decode(repeat(md5('lo'), 500), 'hex'));",
        "select count(nextval('q')) from generate_series(1, 70);",
        """
        begin;
        create table prepared as select i from generate_series(1, 400) i;
        drop table if exists y;
        prepare transaction 'kept';
        commit prepared 'kept';
        begin;
        drop table prepared;
        create table other as select i from generate_series(1, 400) i;
        prepare transaction 'thrown';
        rollback prepared 'thrown';
        drop table prepared;
        """,
        """
        begin;
        create table never as select i from generate_series(1, 900) i;
        savepoint a;
        create table never2 as select i from generate_series(1, 900) i;
        truncate t;
        rollback to a;
        insert into never select 1;
        rollback;
        """,
        """
        create unlogged table became as select i, md5(i::text) s from generate_series(1, 900) i;
        alter table became set logged;
        alter table became set unlogged;
        update u set s = s || 'v';
        drop table became;
        """,
        """
        create table if not exists numbers(i int);
        copy numbers from program 'seq 1 3000';
        vacuum (freeze) numbers;
        copy numbers from program 'seq 1 30';
        """,
        "refresh materialized view m;",
        """
        update toasted set s = repeat(md5(random()::text), 400) where id % 7 = (random() * 6)::int;
        vacuum toasted;
        """,
        """
        select brin_summarize_new_values(indexrelid)
            from pg_index i join pg_class c on c.oid = indexrelid where relam = 3580;
        """,
        "analyze;",
        "checkpoint;",
        """
        select pg_logical_emit_message(false, 'large', repeat('0123456789abcdef', 200000));
        select pg_switch_wal();
        """,
        """
        set wal_compression = on;
        checkpoint;
        update big set s = s || 'w' where id % 11 = 3;
        reset wal_compression;
        """,
        """
        select count(*) from t;
        set enable_seqscan = off;
        select count(*) from t where id < 3000;
        delete from t where id % 41 = 0;
        select count(*) from t where id < 3000;
        reset enable_seqscan;
        """,
    ];
}
