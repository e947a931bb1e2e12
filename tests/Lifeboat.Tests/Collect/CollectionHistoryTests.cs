using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>Random histories of backups, expiry and collection.</summary>
public sealed class CollectionHistoryTests
{
    private const int Ordinary = 60;
    private const int Whole = 10_000;

    [Fact]
    public async Task I13_I14_in_random_histories_what_is_listed_can_be_read_and_what_is_needless_is_given_back()
    {
        var numbers = Sample.Numbers("collection");
        var (listed, deleted) = (0, 0);
        for (var run = 0; run < (Sample.IsWhole ? Whole : Ordinary); run++)
        {
            var seed = numbers.Next();
            try
            {
                var history = await CollectionHistory.RunAsync(seed);
                listed += history.Listed;
                deleted += history.Deleted;
            }
            catch (Exception failure)
            {
                Assert.Fail($"history {seed}: {failure}");
            }
        }

        Assert.True(listed > 0 && deleted > 0, $"{listed} backups were read, {deleted} objects deleted");
    }
}
