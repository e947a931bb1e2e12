using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Xunit;

namespace Lifeboat.Tests.Collect;

public sealed class FrameHomesTests
{
    private static readonly Id128 s_frame = new(1, 1);
    private static readonly Id128 s_old = new(2, 1);
    private static readonly Id128 s_newer = new(2, 2);
    private static readonly Id128 s_newest = new(2, 3);

    [Fact]
    public void The_newest_that_has_been_there_for_long_is_the_home()
    {
        var homes = Met(condemned: [], young: [s_newest]);
        Assert.Equal(s_newer, homes.HomeOf(s_frame));
        Assert.Equal([s_newer], homes.Needed());

        // It is about to be replaced, and is not written anew once more.
        Assert.Empty(homes.Staying());
        Assert.Equal([(s_newest, 10L)], Met(condemned: [], young: []).Staying());
    }

    [Fact]
    public void A_condemned_pack_is_no_home_as_long_as_another_holds_the_frame()
    {
        Assert.Equal([s_old], Met(condemned: [s_newer, s_newest], young: []).Needed());
        Assert.Equal([s_newest], Met(condemned: [s_old, s_newer], young: [s_newest]).Needed());
    }

    [Fact]
    public void When_all_are_condemned_all_are_needed() =>
        Assert.Equal(
            new[] { s_old, s_newer, s_newest }.Order(),
            Met(condemned: [s_old, s_newer, s_newest], young: []).Needed().Order());

    [Fact]
    public void What_no_map_names_has_no_home()
    {
        var homes = new FrameHomes(static _ => false, static _ => true);
        Assert.False(homes.Meet(s_frame, 10, s_old, 1));
        homes.Expect(new Id128(1, 2));
        Assert.Equal(1, homes.Missing);
        Assert.Empty(homes.Needed());
        Assert.Null(homes.HomeOf(s_frame));
        Assert.Null(homes.HomeOf(new Id128(1, 2)));
    }

    /// <summary>Three packs that hold one frame, met in any order and more than once.</summary>
    private static FrameHomes Met(Id128[] condemned, Id128[] young)
    {
        FrameHomes? first = null;
        Id128[][] orders =
        [
            [s_old, s_newer, s_newest], [s_newest, s_newer, s_old], [s_newer, s_newest, s_old], [s_newer, s_old, s_newest],
            [s_old, s_newest, s_newer, s_old], [s_newest, s_old, s_newer, s_newest],
        ];
        foreach (var order in orders)
        {
            var homes = new FrameHomes(condemned.Contains, pack => !young.Contains(pack));
            homes.Expect(s_frame);
            homes.Expect(s_frame);
            foreach (var pack in order)
            {
                Assert.True(homes.Meet(s_frame, 10, pack, pack == s_old ? 1 : pack == s_newer ? 2 : 3));
            }

            Assert.Equal(0, homes.Missing);
            first ??= homes;
            Assert.Equal(first.HomeOf(s_frame), homes.HomeOf(s_frame));
            Assert.Equal(first.Needed().Order(), homes.Needed().Order());
            Assert.Equal(first.Staying(), homes.Staying());
        }

        return first!;
    }
}
