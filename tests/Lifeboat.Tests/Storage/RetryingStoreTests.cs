using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Storage.Retry;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

public sealed class RetryingStoreTests
{
    private static readonly RetryPolicy Immediate = new(4, TimeSpan.Zero, TimeSpan.Zero);
    private readonly MemoryObjectStore _memory = new(TimeProvider.System, versions: true);
    private readonly List<RetriedFailure> _retried = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoreFaultKind.Before)]
    [InlineData(StoreFaultKind.After)]
    public async Task A_passing_failure_of_any_call_is_not_seen(StoreFaultKind kind)
    {
        for (var at = 1; ; at++)
        {
            var memory = new MemoryObjectStore(TimeProvider.System, versions: true);
            var faulty = new FaultyStore(memory, new StoreFault(at, Kind: kind, ItemsBefore: at % 3));
            var store = Over(faulty);
            var name = new ObjectName("a/x");
            Assert.Equal(PutOutcome.Created, await store.PutAsync(name, new byte[3], PutCondition.IfAbsent, Token));
            Assert.Equal(3, await store.ReadAsync(name, 0, new byte[9], Token));
            Assert.Equal(3, (await store.StatAsync(name, Token))?.Size);
            Assert.Equal(["a/x"], await store.NamesAsync("", Token));
            Assert.Equal(["a/"], await store.ListChildrenAsync("", Token));
            Assert.Equal(3, await store.ReadVersionAsync(name, "1", 0, new byte[9], Token));
            await using (var writer = await store.CreateAsync(new ObjectName("b"), Token))
            {
                Assert.Equal(0, writer.Length);
            }

            await store.DeleteAsync(name, Token);
            await store.DeleteManyAsync([name, new ObjectName("c")], Token);
            await store.DeleteVersionsAsync([new ObjectVersion(name, "1")], Token);
            Assert.Equal(0, await store.SweepAsync(Token));
            Assert.Empty(await store.NamesAsync("", Token));
            Assert.Equal(faulty.Struck, _retried.Count == 1);
            _retried.Clear();
            if (!faulty.Struck)
            {
                Assert.True(at > 8);
                return;
            }
        }
    }

    [Fact]
    public async Task A_put_whose_answer_was_lost_is_created_when_the_bytes_are_its_own()
    {
        foreach (var length in new[] { 0, 1, 1 << 20, (1 << 20) + 1, 3 << 20 })
        {
            var store = Over(new FaultyStore(_memory, new StoreFault(1, Kind: StoreFaultKind.After)));
            var name = new ObjectName($"own/{length}");
            var content = new byte[length];
            new Random(length).NextBytes(content);
            Assert.Equal(PutOutcome.Created, await store.PutAsync(name, content, PutCondition.IfAbsent, Token));
        }
    }

    [Theory]
    [InlineData("othe")]
    [InlineData("other")]
    [InlineData("mine!")]
    [InlineData("min")]
    [InlineData("")]
    public async Task A_repeated_put_that_meets_other_bytes_reports_that_they_were_there(string there)
    {
        var name = new ObjectName("x");
        await _memory.PutAsync(name, System.Text.Encoding.ASCII.GetBytes(there), PutCondition.IfAbsent, Token);
        var store = Over(new FaultyStore(_memory, new StoreFault(1)));
        Assert.Equal(
            PutOutcome.AlreadyExists, await store.PutAsync(name, "mine"u8.ToArray(), PutCondition.IfAbsent, Token));
    }

    [Fact]
    public async Task A_first_put_that_meets_its_own_bytes_still_reports_that_they_were_there()
    {
        var store = Over(_memory);
        var name = new ObjectName("x");
        await store.PutAsync(name, "same"u8.ToArray(), PutCondition.IfAbsent, Token);
        Assert.Equal(
            PutOutcome.AlreadyExists, await store.PutAsync(name, "same"u8.ToArray(), PutCondition.IfAbsent, Token));
        Assert.Empty(_retried);
    }

    [Fact]
    public async Task Attempts_are_bounded_and_each_is_reported()
    {
        var faulty = new FaultyStore(_memory, new StoreFault(1, ForGood: true));
        var store = Over(faulty);
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(
            async () => await store.StatAsync(new ObjectName("x"), Token));
        Assert.True(failure.Failure.Transient);
        Assert.Equal(4, faulty.Count);
        Assert.Equal([1, 2, 3], _retried.Select(one => one.Attempt));
    }

    [Fact]
    public async Task A_failure_that_will_not_pass_is_not_repeated()
    {
        var faulty = new FaultyStore(_memory, new StoreFault(1, ForGood: true, Transient: false));
        var store = Over(faulty);
        await Assert.ThrowsAsync<ObjectStoreException>(
            async () => await store.PutAsync(new ObjectName("x"), new byte[1], PutCondition.IfAbsent, Token));
        Assert.Equal(1, faulty.Count);
        faulty.Fault = null;
        await Assert.ThrowsAsync<ObjectNotFoundException>(
            async () => await store.ReadAsync(new ObjectName("x"), 0, new byte[1], Token));
        Assert.Empty(_retried);
    }

    [Fact]
    public async Task A_listing_that_breaks_goes_on_where_it_was_without_a_gap_or_a_duplicate()
    {
        var names = Enumerable.Range(0, 20).Select(number => $"n/{number:d2}").ToList();
        foreach (var name in names)
        {
            await _memory.PutAsync(new ObjectName(name), new byte[1], PutCondition.Overwrite, Token);
            await _memory.PutAsync(new ObjectName(name), new byte[2], PutCondition.Overwrite, Token);
        }

        for (var broken = 0; broken <= 40; broken++)
        {
            var store = Over(new FaultyStore(_memory, new StoreFault(1, ItemsBefore: broken)));
            Assert.Equal(names, await store.NamesAsync("n/", Token));
            store = Over(new FaultyStore(_memory, new StoreFault(1, ItemsBefore: broken)));
            var versions = new List<string>();
            await foreach (var facts in store.ListVersionsAsync("n/", Token))
            {
                versions.Add($"{facts.Name} {facts.Size}");
            }

            Assert.Equal(names.SelectMany(name => new[] { $"{name} 1", $"{name} 2" }), versions);
        }
    }

    [Fact]
    public async Task A_listing_that_stays_broken_fails()
    {
        await _memory.PutAsync(new ObjectName("x"), new byte[1], PutCondition.IfAbsent, Token);
        var store = Over(new FaultyStore(_memory, new StoreFault(1, ForGood: true, ItemsBefore: 1)));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.NamesAsync("", Token));
    }

    [Theory]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Complete)]
    public async Task A_writer_that_failed_is_the_callers(StoreOperation operation)
    {
        var faulty = new FaultyStore(_memory, new StoreFault(1, Concerns: (what, _) => what == operation));
        await using var writer = await Over(faulty).CreateAsync(new ObjectName("x"), Token);
        await Assert.ThrowsAsync<ObjectStoreException>(async () =>
        {
            await writer.WriteAsync(new byte[1], Token);
            await writer.CompleteAsync(PutCondition.IfAbsent, Token);
        });
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await writer.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Empty(_retried);
        Assert.Empty(await _memory.NamesAsync("", Token));
    }

    [Fact]
    public void Waits_double_up_to_their_bound_and_are_a_share_of_it()
    {
        var policy = new RetryPolicy(99, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));
        Assert.Equal([1, 2, 4, 6, 6], Enumerable.Range(2, 5).Select(next => policy.DelayBefore(next, 1).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(1), policy.DelayBefore(3, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(6), policy.DelayBefore(1000, 1));
        Assert.Equal(TimeSpan.Zero, policy.DelayBefore(5, 0));
    }

    [Fact]
    public async Task A_store_that_asks_to_be_left_alone_is_so_for_as_long_and_not_beyond_the_bound()
    {
        var policy = new RetryPolicy(99, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6));
        Assert.Equal(TimeSpan.FromSeconds(5), policy.DelayBefore(2, 0, TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.FromSeconds(7), policy.DelayBefore(3, 1, TimeSpan.FromSeconds(5)));
        Assert.Equal(policy.MostAsked, policy.DelayBefore(2, 0, TimeSpan.FromHours(1)));

        var asked = TimeSpan.FromMilliseconds(3);
        var store = Over(new FaultyStore(_memory, new StoreFault(1)) { RetryAfter = asked });
        Assert.Null(await store.StatAsync(new ObjectName("x"), Token));
        Assert.Equal([asked], _retried.Select(one => one.Delay));
    }

    private RetryingStore Over(IObjectStore inner) =>
        new(inner, Immediate, TimeProvider.System, new Random(1), _retried.Add);
}
