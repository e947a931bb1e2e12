using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Engine.Backup.Physical.Incremental;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Maps;
using Lifeboat.Tests.Postgres;
using Xunit;

namespace Lifeboat.Tests.Engine;

/// <summary>docs/decisions/0034, rule by rule.</summary>
public sealed class FileRulesTests
{
    private const long Blocks = 100;
    private const uint SegmentBlocks = 131072;

    private static readonly RelFileLocator s_relation = new(1663, 5, 16384);

    [Fact]
    public void A_relation_without_a_record_and_unchanged_is_not_read() =>
        Assert.Equal(FileTreatment.Unchanged, Decide("base/5/16384", new WalChanges()));

    [Theory]
    [InlineData("pg_xact/0000")]
    [InlineData("base/5/pg_filenode.map")]
    [InlineData("postgresql.conf")]
    [InlineData("base/5/t3_16384")]
    public void What_is_no_lasting_relation_is_compared(string path) =>
        Assert.Equal(FileTreatment.Compare, Decide(path, new WalChanges()));

    [Fact]
    public void Without_the_WAL_every_relation_is_compared() =>
        Assert.Equal(FileTreatment.Compare, Decide("base/5/16384", changes: null));

    [Fact]
    public void A_file_that_the_parent_lacks_or_that_is_shorter_now_is_stored_anew()
    {
        Assert.Equal(FileTreatment.Anew, Decide("base/5/16384", new WalChanges(), hasParent: false));
        Assert.Equal(FileTreatment.Anew, Decide("base/5/16384", new WalChanges(), blocks: Blocks - 1));
        Assert.Equal(FileTreatment.Anew, Decide("pg_xact/0000", new WalChanges(), blocks: Blocks - 1));
    }

    [Fact]
    public void A_relation_that_grew_without_a_record_is_read_behind_its_old_end() =>
        Assert.Equal(
            FileTreatment.Listed, Decide("base/5/16384", new WalChanges(), blocks: Blocks + 1, hintsAreLogged: false));

    [Theory]
    [InlineData(90, nameof(FileTreatment.Listed))]
    [InlineData(91, nameof(FileTreatment.Compare))]
    public void More_than_nine_blocks_in_ten_are_read_in_one_go(uint listed, string expected)
    {
        var changes = new WalChanges();
        changes.ForkOf(new RelationForkName(s_relation, RelationFork.Main)).Blocks.AddRange(new BlockRange(0, listed));
        Assert.Equal(expected, Decide("base/5/16384", changes).ToString());
    }

    [Theory]
    [InlineData("base/5/16384", 0, nameof(FileTreatment.Compare))]
    [InlineData("base/5/16384", SegmentBlocks, nameof(FileTreatment.Compare))]
    [InlineData("base/5/16384", SegmentBlocks + 1, nameof(FileTreatment.Unchanged))]
    [InlineData("base/5/16384.1", SegmentBlocks + 1, nameof(FileTreatment.Compare))]
    [InlineData("base/5/16384.2", SegmentBlocks + 1, nameof(FileTreatment.Compare))]
    public void A_limit_at_or_below_the_end_of_a_segment_has_it_compared(string path, uint limit, string expected)
    {
        var changes = new WalChanges();
        changes.ForkOf(new RelationForkName(s_relation, RelationFork.Main)).SetLimit(limit);
        Assert.Equal(expected, Decide(path, changes).ToString());
    }

    [Fact]
    public void Blocks_of_another_segment_leave_a_file_alone()
    {
        var changes = new WalChanges();
        changes.ForkOf(new RelationForkName(s_relation, RelationFork.Main)).Blocks.Add(SegmentBlocks + 7);
        Assert.Equal(FileTreatment.Unchanged, Decide("base/5/16384", changes));
        Assert.Equal(FileTreatment.Listed, Decide("base/5/16384.1", changes));
    }

    [Fact]
    public void A_database_that_came_or_went_has_its_relations_compared()
    {
        var changes = new WalChanges();
        changes.AddDatabase(new DatabaseDirectory(1663, 5));
        Assert.Equal(FileTreatment.Compare, Decide("base/5/16384", changes));
        Assert.Equal(FileTreatment.Unchanged, Decide("base/6/16384", changes));
    }

    [Theory]
    [InlineData("base/5/16384_fsm")]
    [InlineData("base/5/16384_vm")]
    [InlineData("base/5/16384_init")]
    public void Other_forks_are_compared_when_their_relation_or_they_themselves_changed(string path)
    {
        Assert.Equal(FileTreatment.Unchanged, Decide(path, new WalChanges()));
        Assert.Equal(FileTreatment.Compare, Decide(path, new WalChanges(), touched: true));
        var changes = new WalChanges();
        changes.ForkOf(new RelationForkName(s_relation, RelationFork.Main)).Blocks.Add(1);
        Assert.Equal(FileTreatment.Compare, Decide(path, changes));
    }

    [Fact]
    public void A_relation_that_was_written_to_without_a_record_is_compared_where_hints_are_logged()
    {
        Assert.Equal(FileTreatment.Compare, Decide("base/5/16384", new WalChanges(), touched: true));
        Assert.Equal(
            FileTreatment.Unchanged, Decide("base/5/16384", new WalChanges(), touched: true, hintsAreLogged: false));
    }

    [Fact]
    public void Another_inode_or_a_size_that_is_no_whole_number_of_blocks_has_it_compared()
    {
        Assert.Equal(FileTreatment.Compare, Decide("base/5/16384", new WalChanges(), inode: 8));
        Assert.Equal(FileTreatment.Compare, Decide("base/5/16384", new WalChanges(), more: 100));
    }

    private static FileTreatment Decide(
        string path,
        WalChanges? changes,
        bool hasParent = true,
        long blocks = Blocks,
        bool touched = false,
        ulong inode = 7,
        int more = 0,
        bool hintsAreLogged = true)
    {
        var control = ControlFileReading.Of(PostgresFixtures.Read(17, "pg_control.running")).Control!;
        Assert.True(control is { HasDataChecksums: true, RelSegSize: SegmentBlocks, BlockSize: 8192 });
        control = hintsAreLogged ? control : control with { DataChecksumVersion = 0, WalLogHints = false };
        var status = new FileStatus(
            FileKind.Regular, (blocks * 8192) + more, 0x180, 0, 0, 1, inode, 1000, touched ? 2000 : 1000);
        var parent = new FileFacts(MapFileKind.Regular, 0x180, Blocks * 8192, 1000, 1000, 7, 0);
        return new FileRules(control, changes)
            .Decide(new SourceEntry(path, MapFileKind.Regular, status), hasParent ? parent : null)
            .Treatment;
    }
}
