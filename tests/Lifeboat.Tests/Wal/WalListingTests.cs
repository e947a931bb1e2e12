using Lifeboat.Repository;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Wal;

/// <summary>The listing of a whole archive in parts.</summary>
public sealed class WalListingTests
{
    [Fact]
    public Task It_shows_what_one_listing_shows_in_its_order() => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers("WAL listing");
        for (var turn = 0; turn < 20; turn++)
        {
            var built = await RepositoryBuilder.CreateAsync();
            var folder = ObjectNames.Wal("main", built.Cluster.FirstLineage);
            for (var count = random.Next(200); count > 0; count--)
            {
                var log = random.Next(3) == 0 ? random.Next(40) : random.Next(int.MaxValue);
                var name = random.Next(12) switch
                {
                    0 => $"{folder}0000000{random.Next(1, 4)}/0000000{random.Next(1, 4)}.history-{count:x32}",
                    1 => $"{folder}foreign{count}",
                    2 => $"{folder}00000002/f/{count}",
                    _ => $"{folder}0000000{random.Next(1, 4)}/{log:X8}/{count:X24}-{count:x32}",
                };
                await built.Store.PutAsync(new ObjectName(name), new byte[1], PutCondition.IfAbsent, default);
            }

            var expected = new List<ObjectFacts>();
            await foreach (var facts in built.Store.ListAsync(folder, default))
            {
                expected.Add(facts);
            }

            var found = new List<ObjectFacts>();
            await foreach (var facts in WalListing.ListAsync(built.Store, folder, default))
            {
                found.Add(facts);
            }

            Assert.Equal(expected, found);
        }
    });

    [Fact]
    public async Task What_fails_is_an_error_and_later_names_are_listed_before_earlier_ones()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var folder = ObjectNames.Wal("main", built.Cluster.FirstLineage);
        for (var log = 0; log < 64; log++)
        {
            await PutAsync(log);
        }

        var asked = new List<string>();
        var store = new WatchedStore(built.Store, prefix =>
        {
            asked.Add(prefix);
            return asked.Count == 3 ? throw new InvalidOperationException("the store is down") : Task.CompletedTask;
        });
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var _ in WalListing.ListAsync(store, folder, default))
            {
                Assert.Fail("a part of a listing is none");
            }
        });
        Assert.EndsWith("0000003", asked[0], StringComparison.Ordinal);

        ValueTask<PutOutcome> PutAsync(int log) => built.Store.PutAsync(
            new ObjectName($"{folder}00000001/{log:X8}/{log:X24}-{log:x32}"), new byte[1], PutCondition.IfAbsent, default);
    }

    private sealed class WatchedStore(IObjectStore inner, Func<string, Task> listing) : ForwardingStore(inner)
    {
        public override async IAsyncEnumerable<ObjectFacts> ListAsync(
            string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Task asked;
            lock (listing)
            {
                asked = listing(prefix);
            }

            await asked;
            await foreach (var facts in Inner.ListAsync(prefix, cancellationToken))
            {
                yield return facts;
            }
        }
    }
}
