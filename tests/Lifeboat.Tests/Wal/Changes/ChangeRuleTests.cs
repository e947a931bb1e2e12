using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal.Changes;

public sealed class ChangeRuleTests
{
    private const uint MapBlock = (8192 - 24) * 4;

    private static readonly RelFileLocator R = ChangeRecords.Relation(1);
    private static readonly RelationForkName Main = new(R, RelationFork.Main);
    private static readonly RelationForkName Map = new(R, RelationFork.VisibilityMap);

    [Fact]
    public void A_limit_takes_back_earlier_marks_at_or_above_it_and_later_marks_stand()
    {
        var fork = Read(wal =>
        {
            wal.Insert(R, 4);
            wal.Insert(R, 10);
            wal.Insert(R, 11);
            wal.Truncate(R, 10, forks: 1);
            wal.Truncate(R, 20, forks: 1);
            wal.Insert(R, 12);
        }).Find(Main)!;

        Assert.Equal(10u, fork.Limit);
        Assert.Equal([new BlockRange(4, 1), new BlockRange(12, 1)], fork.Blocks.Ranges());
    }

    [Fact]
    public void The_free_space_map_is_never_marked()
    {
        var changes = Read(wal =>
        {
            wal.Blocks(ResourceManager.Xlog, 0xB0, [], true, (R, RelationFork.Fsm, 3));
            wal.Create(R, RelationFork.Fsm);
            wal.Truncate(R, 7, forks: 4);
        });

        Assert.Empty(changes.Forks);
    }

    [Theory]
    [InlineData(0u, 0u, null)]
    [InlineData(5u, 1u, 0u)]
    [InlineData(MapBlock, 1u, null)]
    [InlineData(MapBlock + 1, 2u, 1u)]
    [InlineData(3 * MapBlock, 3u, null)]
    public void A_truncation_limits_the_visibility_map_to_its_own_length(uint heap, uint length, uint? touched)
    {
        var map = Read(wal => wal.Truncate(R, heap, forks: 3)).Find(Map)!;

        Assert.Equal(length, map.Limit);
        Assert.Equal(touched is { } block ? [new BlockRange(block, 1)] : [], map.Blocks.Ranges());
    }

    [Fact]
    public void Records_that_clear_visibility_mark_the_block_of_the_map()
    {
        (ResourceManager Rmgr, byte Info, int Flags, byte Bit)[] kinds =
        [
            (ResourceManager.Heap, 0x00, 2, 1), (ResourceManager.Heap, 0x80, 2, 1), (ResourceManager.Heap, 0x10, 7, 1),
            (ResourceManager.Heap, 0x20, 7, 1), (ResourceManager.Heap, 0x20, 7, 2), (ResourceManager.Heap, 0x40, 7, 1),
            (ResourceManager.Heap, 0x60, 7, 1), (ResourceManager.Heap2, 0x50, 0, 1),
            (ResourceManager.Heap2, 0x60, 7, 1),
        ];
        foreach (var (rmgr, info, flags, bit) in kinds)
        {
            var main = new byte[14];
            var without = Read(wal => wal.Blocks(rmgr, info, main, false, (R, RelationFork.Main, MapBlock * 2)));
            main[flags] = bit;
            var with = Read(wal => wal.Blocks(rmgr, info, main, false, (R, RelationFork.Main, MapBlock * 2)));

            Assert.Null(without.Find(Map));
            Assert.Equal([new BlockRange(2, 1)], with.Find(Map)!.Blocks.Ranges());
        }
    }

    [Fact]
    public void An_update_over_two_pages_marks_the_blocks_of_the_map_for_both()
    {
        byte[] main = [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0];

        var changes = Read(wal => wal.Blocks(
            ResourceManager.Heap, 0x20, main, false, (R, RelationFork.Main, 7), (R, RelationFork.Main, MapBlock)));

        Assert.Equal([new BlockRange(0, 2)], changes.Find(Map)!.Blocks.Ranges());
    }

    [Fact]
    public void Creation_and_drop_set_the_limit_to_nothing()
    {
        var created = Read(wal =>
        {
            wal.Insert(R, 4);
            wal.Create(R, RelationFork.Main);
        });
        var dropped = Read(wal =>
        {
            wal.Insert(R, 4);
            wal.CommitDropping(R);
        });

        Assert.Equal(0u, created.Find(Main)!.Limit);
        Assert.Null(created.Find(Map));
        Assert.Equal((0u, 0u), (dropped.Find(Main)!.Limit, dropped.Find(Map)!.Limit));
        Assert.Equal((0L, true), (dropped.Find(Main)!.Blocks.Count, dropped.Covers(Main, 0)));
    }

    [Fact]
    public void Making_and_dropping_a_database_marks_its_directories_whole_in_every_version()
    {
        var changes = Read(wal =>
        {
            wal.CreateDatabase(7, 1663);
            wal.DropDatabase(8, 1663, 1700);
        });
        var old = Read(
            wal =>
            {
                wal.Record(ResourceManager.Database, 0x01, [7, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
                wal.Record(ResourceManager.Database, 0x11, [9, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
            },
            major: 13);

        Assert.Equal([new(1663, 7), new(1663, 8), new DatabaseDirectory(1700, 8)], changes.Databases);
        Assert.True(changes.Covers(new(new(1663, 7, 99), RelationFork.Main), 5));
        Assert.Equal([new(8, 7), new DatabaseDirectory(8, 9)], old.Databases);
    }

    [Fact]
    public void A_change_that_is_not_understood_is_told_and_not_passed_over()
    {
        Lsn lsn = default;
        var changes = Read(wal =>
        {
            wal.Insert(R, 4);
            lsn = wal.Record(ResourceManager.Storage, 0x71, []);
            wal.Record(ResourceManager.Database, 0x01, [1, 2, 3]);
        });

        Assert.Equal(new OpaqueChange(lsn, (byte)ResourceManager.Storage, 0x71), changes.Opaque);
        Assert.NotNull(Read(wal => wal.Record(ResourceManager.Gin, 0x01, [])).Opaque);
        Assert.Null(Read(wal => wal.Record(ResourceManager.Gin, 0x00, [])).Opaque);
    }

    [Fact]
    public void The_first_position_of_minimal_wal_level_is_told()
    {
        Lsn minimal = default;
        var changes = Read(wal =>
        {
            wal.Level(1);
            wal.Level(1);
            minimal = wal.Level(0);
            wal.Level(2);
        });

        Assert.Equal((3, minimal), (changes.Levels.Count, changes.Minimal));
        Assert.Null(Read(wal => wal.Level(1)).Minimal);
    }

    private static WalChanges Read(Action<WalBuilder> write, int major = 18)
    {
        var wal = new WalBuilder(major);
        write(wal);
        wal.Switch();
        var changes = ChangeReading.Plain(wal.Segments);
        return changes;
    }
}
