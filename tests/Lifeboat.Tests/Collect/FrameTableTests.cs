using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>The table of frames that a collection marks with, against a dictionary.</summary>
public sealed class FrameTableTests
{
    [Fact]
    public Task It_says_what_a_dictionary_says() => Sample.SeededAsync(() =>
    {
        var random = Sample.Numbers("frame table");
        var (table, model) = (new FrameTable(), new Dictionary<Id128, FrameHome>());
        for (var turn = 0; turn < 60_000; turn++)
        {
            // Ids that are no HMACs too: all alike but for a few bits.
            var frame = random.Next(2) == 0
                ? new Id128((ulong)random.Next(3), (ulong)random.Next(20_000))
                : new Id128((ulong)random.Next(200) << 56, 0);
            Assert.Equal(model.TryAdd(frame, FrameHome.None), table.TryAdd(frame));
            if (random.Next(2) == 0)
            {
                var home = new FrameHome(random.Next(-1, 100), random.Next(), random.Next(2) == 0);
                model[frame] = home;
                table.Set(frame, home);
            }

            Assert.True(table.TryGet(frame, out var found));
            Assert.Equal(model[frame], found);
            Assert.False(table.TryGet(new Id128(9, (ulong)turn), out _));
        }

        Assert.Equal(model.Count, table.Count);
        Assert.Equal(
            model.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value)), table.All().OrderBy(pair => pair.Frame));
        return Task.CompletedTask;
    });

    [Fact]
    public void Few_of_its_places_are_free()
    {
        var table = new FrameTable();
        for (var number = 0UL; number < 400_000; number++)
        {
            table.TryAdd(new Id128(number * 0xD6E8FEB86659FD93, ~number * 0xA0761D6478BD642F));
            Assert.True(number % 50_000 != 49_999 || table.Room < 1.5 * table.Count, $"{table.Room} for {table.Count}");
        }
    }
}
