using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Manifest;
using Xunit;

namespace Lifeboat.Tests.Postgres.DataDirectory;

public sealed class CopyRulesTests
{
    private static readonly CopyRules Rules = new(17, 202406281);

    public static TheoryData<int> Majors => PostgresFixtures.Majors;

    [Theory]
    [InlineData("pg_wal")]
    [InlineData("pg_stat_tmp")]
    [InlineData("pg_replslot")]
    [InlineData("pg_dynshmem")]
    [InlineData("pg_notify")]
    [InlineData("pg_serial")]
    [InlineData("pg_snapshots")]
    [InlineData("pg_subtrans")]
    public void A_directory_that_a_start_makes_anew_is_kept_empty(string name) =>
        Assert.Equal(CopyVerdict.Empty, Judge("", name));

    [Theory]
    [InlineData("", "postmaster.pid")]
    [InlineData("", "postmaster.opts")]
    [InlineData("", "postgresql.auto.conf.tmp")]
    [InlineData("", "current_logfiles.tmp")]
    [InlineData("", "backup_label")]
    [InlineData("", "tablespace_map")]
    [InlineData("", "backup_manifest")]
    [InlineData("", "pgsql_tmp")]
    [InlineData("", "lifeboat.lineage")]
    [InlineData("base", "pgsql_tmp")]
    [InlineData("base/pgsql_tmp", "pgsql_tmp123.0")]
    [InlineData("base/5", "pg_internal.init")]
    [InlineData("global", "pg_internal.init.123")]
    [InlineData("base/5", "t3_16384")]
    [InlineData("base/5", "t3_16384_fsm.1")]
    [InlineData("pg_tblspc/16390", "PG_16_202307071")]
    [InlineData("pg_tblspc/16390", "lost+found")]
    [InlineData("pg_tblspc/16390/PG_17_202406281/5", "t3_16384")]
    public void What_belongs_to_the_running_server_or_to_another_backup_is_skipped(string directory, string name) =>
        Assert.Equal(CopyVerdict.Skip, Judge(directory, name));

    [Theory]
    [InlineData("", "PG_VERSION")]
    [InlineData("", "base")]
    [InlineData("", "global")]
    [InlineData("", "pg_xact")]
    [InlineData("", "pg_stat")]
    [InlineData("", "pg_twophase")]
    [InlineData("", "postgresql.auto.conf")]
    [InlineData("", "current_logfiles")]
    [InlineData("", "backup_label.old")]
    [InlineData("", "t3_16384")]
    [InlineData("", "16384")]
    [InlineData("pg_logical", "pg_notify")]
    [InlineData("pg_logical", "lifeboat.lineage")]
    [InlineData("global", "pg_filenode.map")]
    [InlineData("global", "1262")]
    [InlineData("base", "5")]
    [InlineData("base/5", "16384_vm.3")]
    [InlineData("pg_tblspc", "16390")]
    [InlineData("pg_tblspc/16390", "PG_17_202406281")]
    public void Everything_else_is_copied(string directory, string name) =>
        Assert.Equal(CopyVerdict.Copy, Judge(directory, name));

    [Fact]
    public void The_control_file_is_copied_last()
    {
        Assert.Equal(CopyVerdict.CopyLast, Judge("global", "pg_control"));
        Assert.Equal(CopyVerdict.Copy, Judge("base/5", "pg_control"));
    }

    [Theory]
    [InlineData("base/5")]
    [InlineData("pg_tblspc/16390/PG_17_202406281/5")]
    public void Of_an_unlogged_relation_only_the_init_fork_is_copied(string directory)
    {
        string[] names =
        [
            "16384", "16384.1", "16384_fsm", "16384_vm", "16384_init", "16385", "16385_fsm", "163840", "t3_16385_init",
        ];
        var copied = Rules.Judge(directory, names)
            .Where(pair => pair.Value == CopyVerdict.Copy).Select(pair => pair.Key);
        Assert.Equal(["16384_init", "16385", "16385_fsm", "163840"], copied);
    }

    [Fact]
    public void Outside_of_a_database_an_init_fork_means_nothing() =>
        Assert.All(
            Rules.Judge("base", ["16384", "16384_init"]), pair => Assert.Equal(CopyVerdict.Copy, pair.Value));

    [Theory]
    [InlineData(13, new[] { "archive_status" })]
    [InlineData(16, new[] { "archive_status" })]
    [InlineData(17, new[] { "archive_status", "summaries" })]
    [InlineData(18, new[] { "archive_status", "summaries" })]
    public void The_WAL_directory_keeps_its_own_directories(int major, string[] kept)
    {
        var rules = new CopyRules(major, CatalogVersion.OfMajor(major));
        Assert.Equal(kept, rules.KeptInside("pg_wal"));
        Assert.Empty(rules.KeptInside("pg_notify"));
    }

    [Theory]
    [InlineData("", "stats", "stats")]
    [InlineData("var", "stats", "var/stats")]
    public void A_directory_for_temporary_statistics_is_emptied_wherever_it_is(
        string directory, string name, string path)
    {
        var rules = new CopyRules(14, CatalogVersion.OfMajor(14), path);
        Assert.Equal(CopyVerdict.Empty, rules.Judge(directory, [name]).Single().Value);
        Assert.Equal(CopyVerdict.Copy, Judge(directory, name));
    }

    [Theory]
    [InlineData("base/5/16384", true)]
    [InlineData("base/5/16384_fsm", true)]
    [InlineData("base/5/16384_init", true)]
    [InlineData("global/1262", true)]
    [InlineData("pg_tblspc/16390/PG_17_202406281/5/16384.1", true)]
    [InlineData("global/pg_control", false)]
    [InlineData("base/5/pg_filenode.map", false)]
    [InlineData("base/5/PG_VERSION", false)]
    [InlineData("base/5/pg_internal.init", false)]
    [InlineData("base/5/t3_16384", false)]
    [InlineData("pg_xact/0000", false)]
    [InlineData("PG_VERSION", false)]
    public void Only_relations_have_page_checksums(string path, bool expected) =>
        Assert.Equal(expected, CopyRules.HasPageChecksums(path));

    [Theory]
    [MemberData(nameof(Majors))]
    public void Every_file_of_a_real_backup_is_one_that_the_rules_copy(int major)
    {
        var rules = new CopyRules(major, CatalogVersion.OfMajor(major));
        var paths = BackupManifest.Parse(PostgresFixtures.Read(major, "backup_manifest")).Files
            .Select(file => file.Path)
            .Where(path => path is not ("backup_label" or "tablespace_map"));
        foreach (var directory in paths.GroupBy(path => path[..Math.Max(path.LastIndexOf('/'), 0)]))
        {
            var names = directory.Select(path => path[(path.LastIndexOf('/') + 1)..]).ToArray();
            Assert.All(
                rules.Judge(directory.Key, names),
                pair => Assert.True(pair.Value is CopyVerdict.Copy or CopyVerdict.CopyLast, pair.Key));
        }
    }

    private static CopyVerdict Judge(string directory, string name) => Rules.Judge(directory, [name]).Single().Value;
}
