using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Xunit;

namespace Lifeboat.Tests.Engine;

/// <summary>What a backup remembers of the extents that it stored.</summary>
public sealed class RecentExtentsTests
{
    [Fact]
    public void The_last_ones_are_found_and_never_more_than_the_bound()
    {
        var recent = new RecentExtents(most: 100);
        var frame = new FrameReference(new Id128(7, 7));
        for (var number = 0UL; number < 1000; number++)
        {
            Assert.Null(recent.Find(new Id128(1, number)));
            recent.Add(new Id128(1, number), (frame, (int)number));
            Assert.Equal((int)number, recent.Find(new Id128(1, number))!.Value.Slot);
            Assert.NotNull(recent.Find(new Id128(1, number - Math.Min(number, 49))));
            Assert.InRange(Enumerable.Range(0, 1000).Count(at => recent.Find(new Id128(1, (ulong)at)) is not null), 1, 100);
        }
    }
}
