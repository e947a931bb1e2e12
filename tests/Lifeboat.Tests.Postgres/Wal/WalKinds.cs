namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>Scripts that between them make a server write records of every kind there is a judge for.</summary>
internal static class WalKinds
{
    /// <summary>The majors in which CREATE DATABASE can be logged block by block.</summary>
    internal const int DatabaseByWalSince = 15;

    internal const string Rows = """
        create table parts(id int, s text) partition by list (id);
        create table parts_1 partition of parts for values in (1);
        create table parts_2 partition of parts for values in (2);
        insert into parts select 1, i::text from generate_series(1, 50) i;
        update parts set id = 2;
        create table keys(k int primary key, s text);
        insert into keys select i, 'first' from generate_series(1, 20) i on conflict do nothing;
        insert into keys select i, 'second' from generate_series(1, 40) i on conflict (k) do update set s = 'again';
        create table wide(id int, s text);
        alter table wide alter s set storage external;
        insert into wide select i, repeat(md5(i::text), 400) from generate_series(1, 20) i;
        update wide set s = s || 'more' where id % 2 = 0;
        begin;
        select count(*) from (select 1 from keys where k = 1 for key share) held;
        savepoint a;
        update keys set s = 'multixact' where k = 1;
        commit;
        begin;
        select count(*) from (select 1 from keys where k < 10 for share) held;
        savepoint b;
        select count(*) from (select 1 from keys where k < 10 for update) held;
        rollback to b;
        commit;
        vacuum freeze keys;
        do $$ begin for i in 1..200 loop begin insert into keys values (1000 + i, 'sub'); exception when others then null; end; end loop; end $$;
        create table emptied as select i from generate_series(1, 5000) i;
        delete from emptied where i > 100;
        vacuum emptied;
        begin;
        create table fresh(i int);
        insert into fresh select generate_series(1, 1000);
        truncate fresh;
        commit;
        begin;
        savepoint a;
        create table kept(i int primary key);
        savepoint b;
        drop table emptied;
        insert into kept values (1);
        prepare transaction 'with files';
        begin;
        create table thrown(i int primary key);
        prepare transaction 'away';
        commit prepared 'with files';
        rollback prepared 'away';
        """;

    internal const string Indexes = """
        create table ix(id int, a int[], p point, b box, d date, s text, ts tsvector, r int4range);
        create index ix_gin on ix using gin(a) with (fastupdate = on);
        create index ix_tsv on ix using gin(ts) with (fastupdate = off);
        create index ix_gist on ix using gist(p);
        create index ix_range on ix using gist(r);
        create index ix_quad on ix using spgist(p);
        create index ix_text on ix using spgist(s);
        create index ix_brin on ix using brin(d) with (pages_per_range = 2);
        create index ix_hash on ix using hash(s);
        create unique index ix_id on ix(id);
        insert into ix select i, array[i % 7, i % 101, i], point(i % 100, -i), box(point(i, i), point(i + 1, i + 1)), date '2020-01-01' + i % 999, md5(i::text), to_tsvector('simple', md5(i::text) || ' ' || i), int4range(i, i + 10) from generate_series(1, 6000) i;
        select count(gin_clean_pending_list(i)) from unnest(array['ix_gin']::regclass[]) i;
        select count(brin_summarize_new_values('ix_brin'));
        select count(brin_desummarize_range('ix_brin', 0));
        delete from ix where id between 1000 and 4500;
        vacuum ix;
        insert into ix select i, array[i % 7], point(i % 100, -i), null, date '2020-01-01' + i % 999, md5(i::text), null, int4range(i, i + 10) from generate_series(10000, 12000) i;
        delete from ix;
        vacuum ix;
        create index concurrently ix_later on ix(d, s);
        reindex table ix;
        cluster ix using ix_id;
        alter table ix alter id type bigint;
        """;

    internal const string Objects = """
        create sequence numbers cache 1;
        select count(nextval('numbers')) from generate_series(1, 200);
        alter sequence numbers restart;
        select count(setval('numbers', 77));
        select count(lo_from_bytea(4711, convert_to(repeat('large object ', 3000), 'UTF8')));
        select count(lo_put(4711, 5000, 'middle'));
        select count(lo_unlink(4711));
        create unlogged table unlogged(i int primary key);
        insert into unlogged select generate_series(1, 100);
        alter table unlogged set logged;
        alter table unlogged set unlogged;
        create materialized view seen as select i from generate_series(1, 100) i;
        refresh materialized view seen;
        select count(pg_logical_emit_message(true, 'with', 'content'));
        select count(pg_logical_emit_message(false, 'without', ''));
        vacuum full pg_class;
        vacuum full pg_database;
        create table moving(i int primary key, s text);
        insert into moving select i, 'x' from generate_series(1, 2000) i;
        alter table moving set tablespace aside;
        update moving set s = 'moved';
        truncate moving;
        drop table moving;
        """;

    /// <summary>What only logical decoding is told of. For a server whose wal_level is logical.</summary>
    internal const string Logical = """
        create table t1(i int primary key);
        create table t2(i serial primary key, r int references t1);
        insert into t1 select generate_series(1, 30);
        insert into t2(r) select i from t1;
        truncate t1, t2 restart identity;
        truncate t1 cascade;
        begin;
        savepoint a;
        insert into t1 values (1);
        savepoint b;
        insert into t1 values (2);
        truncate t2;
        commit;
        alter table t1 replica identity full;
        update t1 set i = i + 10;
        delete from t1;
        select count(pg_replication_origin_create('elsewhere'));
        select count(pg_replication_origin_session_setup('elsewhere'));
        begin;
        select count(pg_replication_origin_xact_setup('0/1234', '2001-01-01'));
        insert into t1 values (3);
        commit;
        select count(pg_replication_origin_session_reset());
        select count(pg_replication_origin_drop('elsewhere'));
        create extension bloom;
        create table blooming(a int, b int);
        create index on blooming using bloom(a, b);
        insert into blooming select i, i from generate_series(1, 500) i;
        vacuum blooming;
        """;

    /// <summary>Many rows into a page at once, also into one that the record makes anew.</summary>
    internal static string Copy(string file) => $"""
        create table loaded(i int, s text);
        copy (select i, md5(i::text) from generate_series(1, 4000) i) to '{file}';
        copy loaded from '{file}';
        copy (select i, 'few' from generate_series(1, 3) i) to '{file}';
        copy loaded from '{file}';
        copy parts from '{file}' where id < 3;
        """;

    /// <summary>Both ways where there are two, a move, and the end of each.</summary>
    internal static string Databases(int major)
    {
        var copy = major >= DatabaseByWalSince ? " strategy file_copy" : "";
        var logged = major >= DatabaseByWalSince
            ? "create database logged strategy wal_log;\nalter database logged set tablespace aside;\n"
                + "drop database logged;\n"
            : "";
        return $"""
            create database copied{copy};
            alter database copied set tablespace aside;
            drop database copied;
            {logged}create table last(i int);
            """;
    }

    /// <summary>Images of pages as each compression there is leaves them, and as wal_consistency_checking does.</summary>
    internal static string Images(IEnumerable<string> compressions)
    {
        var script = """
            create table pages as select i, md5(i::text) s from generate_series(1, 3000) i;
            set wal_consistency_checking = 'all';
            insert into pages select i, md5(i::text) from generate_series(1, 300) i;
            create index on pages(s);
            reset wal_consistency_checking;

            """;
        foreach (var compression in compressions)
        {
            script += $"""
                set wal_compression = '{compression}';
                checkpoint;
                update pages set s = s || 'x' where i % 20 = 0;

                """;
        }

        return script;
    }
}
