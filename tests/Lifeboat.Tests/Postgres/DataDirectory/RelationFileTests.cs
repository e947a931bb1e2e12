using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Postgres.DataDirectory;
using Xunit;

namespace Lifeboat.Tests.Postgres.DataDirectory;

public sealed class RelationFileTests
{
    [Theory]
    [InlineData("global/1262", 1664U, 0U, 1262U, ForkNumber.Main, 0U)]
    [InlineData("global/1262_fsm", 1664U, 0U, 1262U, ForkNumber.Fsm, 0U)]
    [InlineData("base/5/16384_vm.3", 1663U, 5U, 16384U, ForkNumber.VisibilityMap, 3U)]
    [InlineData("base/5/16384.1", 1663U, 5U, 16384U, ForkNumber.Main, 1U)]
    [InlineData("base/4294967295/4294967295_init", 1663U, 4294967295U, 4294967295U, ForkNumber.Init, 0U)]
    [InlineData("pg_tblspc/16390/PG_17_202406281/5/16384.12", 16390U, 5U, 16384U, ForkNumber.Main, 12U)]
    public void A_path_tells_tablespace_database_relation_fork_and_segment(
        string path, uint tablespace, uint database, uint number, ForkNumber fork, uint segment)
    {
        Assert.True(RelationFilePath.TryParse(path, out var relation));
        Assert.Equal((tablespace, database), (relation.Tablespace, relation.Database));
        Assert.Equal(new RelationFileName(number, fork, segment), relation.File);
        Assert.Equal(path, relation.ToString());
    }

    [Fact]
    public void A_path_in_a_tablespace_tells_the_servers_version()
    {
        Assert.True(RelationFilePath.TryParse("pg_tblspc/16390/PG_13_202007201/5/16384", out var relation));
        Assert.Equal(new TablespaceVersionDirectory(13, 202007201), relation.Version);
    }

    [Theory]
    [InlineData("t3_16384", 3U, ForkNumber.Main, 0U)]
    [InlineData("t0_16384_fsm", 0U, ForkNumber.Fsm, 0U)]
    [InlineData("t12_16384_vm.1", 12U, ForkNumber.VisibilityMap, 1U)]
    public void A_temporary_relation_is_named_with_its_backend(
        string name, uint backend, ForkNumber fork, uint segment)
    {
        Assert.True(RelationFileName.TryParse(name, out var file));
        Assert.Equal(new RelationFileName(16384, fork, segment, backend), file);
        Assert.Equal(name, file.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("16384")]
    [InlineData("base/16384")]
    [InlineData("base/5/")]
    [InlineData("base/05/16384")]
    [InlineData("base/5/016384")]
    [InlineData("base/5/0")]
    [InlineData("base/5/4294967296")]
    [InlineData("base/5/99999999999999999999")]
    [InlineData("base/5/16384.0")]
    [InlineData("base/5/16384.01")]
    [InlineData("base/5/16384.")]
    [InlineData("base/5/16384.1.2")]
    [InlineData("base/5/16384_")]
    [InlineData("base/5/16384_main")]
    [InlineData("base/5/16384_fsm_vm")]
    [InlineData("base/5/16384.1_vm")]
    [InlineData("base/5/_vm")]
    [InlineData("base/5/t_16384")]
    [InlineData("base/5/t3")]
    [InlineData("base/5/t3_")]
    [InlineData("base/5/t-3_16384")]
    [InlineData("base/5/+16384")]
    [InlineData("base/5/ 16384")]
    [InlineData("base/5/PG_VERSION")]
    [InlineData("base/5/pg_filenode.map")]
    [InlineData("base/5/6/16384")]
    [InlineData("global/pg_control")]
    [InlineData("global/t3_16384")]
    [InlineData("global/5/16384")]
    [InlineData("pg_tblspc/16390/5/16384")]
    [InlineData("pg_tblspc/16390/PG_17/5/16384")]
    [InlineData("pg_tblspc/PG_17_202406281/5/16384")]
    [InlineData("pg_tblspc/x/PG_17_202406281/5/16384")]
    [InlineData("x/pg_tblspc/16390/PG_17_202406281/5/16384")]
    [InlineData("pg_xact/0000")]
    [InlineData("/base/5/16384")]
    public void Any_other_path_is_no_relations_file(string path) =>
        Assert.False(RelationFilePath.TryParse(path, out _));

    [Fact]
    public void Every_name_comes_back_from_its_text() =>
        Prop.ForAll<PositiveInt, uint, NonNegativeInt>((number, segment, rest) =>
        {
            uint? backend = rest.Get % 3 == 0 ? (uint)rest.Get : null;
            var file = new RelationFileName((uint)number.Get, (ForkNumber)(rest.Get % 4), segment, backend);
            return RelationFileName.TryParse(file.ToString(), out var parsed) && parsed == file;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_parsed_to_what_gives_the_text_back_or_refused() =>
        Prop.ForAll(
            Gen.Elements('b', 'a', 's', 'e', '/', '1', '0', 't', '_', '.', 'f', 'm', 'v', 'i', 'n').ListOf()
                .Select(characters => "base/1/" + string.Concat(characters)).ToArbitrary(),
            path => !RelationFilePath.TryParse(path, out var relation) || relation.ToString() == path)
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Blocks_are_numbered_through_the_segments()
    {
        Assert.True(RelationFilePath.TryParse("base/5/16384.2", out var relation));
        Assert.Equal(262144U, relation.FirstBlock(131072));
        Assert.True(RelationFilePath.TryParse("base/5/16384.32768", out var beyond));
        Assert.Throws<OverflowException>(() => beyond.FirstBlock(131072));
    }
}
