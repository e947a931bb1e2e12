using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>The doubles that other tests rest on do what they say.</summary>
public sealed class StoreDoubleTests
{
    private readonly MemoryObjectStore _memory = new(TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fault_before_leaves_nothing_and_a_fault_after_leaves_the_effect()
    {
        var name = new ObjectName("x");
        var store = new FaultyStore(_memory, new StoreFault(1));
        await Fails(async () => await store.PutAsync(name, new byte[4], PutCondition.IfAbsent, Token));
        Assert.Null(await _memory.StatAsync(name, Token));
        store.Fault = new StoreFault(1, Kind: StoreFaultKind.After);
        await Fails(async () => await store.PutAsync(name, new byte[4], PutCondition.IfAbsent, Token));
        Assert.Equal(4, (await _memory.StatAsync(name, Token))?.Size);
        store.Fault = new StoreFault(2, Kind: StoreFaultKind.CutRead);
        Assert.Equal(4, await store.ReadAsync(name, 0, new byte[4], Token));
        Assert.Equal(2, await store.ReadAsync(name, 0, new byte[4], Token));
        Assert.Equal(4, await store.ReadAsync(name, 0, new byte[4], Token));
        Assert.Equal(["Put x FAILS", "Put x FAILS", "Read x", "Read x FAILS", "Read x"], store.Trace);
        Assert.True(store.Struck);
        Assert.Equal(3, store.Count);
    }

    [Fact]
    public async Task A_fault_concerns_only_what_it_was_told_to()
    {
        var store = new FaultyStore(
            _memory,
            new StoreFault(1, ForGood: true, Concerns: (what, name) => what == StoreOperation.Put && name == "b"));
        await store.PutAsync(new ObjectName("a"), new byte[1], PutCondition.IfAbsent, Token);
        await Fails(async () => await store.PutAsync(new ObjectName("b"), new byte[1], PutCondition.IfAbsent, Token));
        await Fails(async () => await store.PutAsync(new ObjectName("b"), new byte[1], PutCondition.IfAbsent, Token));
        Assert.Equal(["a"], await store.NamesAsync("", Token));
    }

    [Fact]
    public async Task Listings_lag_until_they_catch_up_and_reads_do_not()
    {
        var store = new DelayedVisibilityStore(_memory);
        await _memory.PutAsync(new ObjectName("old/1"), new byte[1], PutCondition.IfAbsent, Token);
        await _memory.PutAsync(new ObjectName("old/2"), new byte[1], PutCondition.IfAbsent, Token);
        await store.PutAsync(new ObjectName("new/1"), new byte[1], PutCondition.IfAbsent, Token);
        await using (var writer = await store.CreateAsync(new ObjectName("new/2"), Token))
        {
            await writer.CompleteAsync(PutCondition.IfAbsent, Token);
        }

        await store.DeleteAsync(new ObjectName("old/1"), Token);
        Assert.Equal(["old/1", "old/2"], await store.NamesAsync("", Token));
        Assert.Equal(["old/"], await store.ListChildrenAsync("", Token));
        Assert.NotNull(await store.StatAsync(new ObjectName("new/1"), Token));
        Assert.Null(await store.StatAsync(new ObjectName("old/1"), Token));
        store.CatchUp();
        Assert.Equal(["new/1", "new/2", "old/2"], await store.NamesAsync("", Token));
    }

    private static async Task Fails(Func<Task> call) => await Assert.ThrowsAsync<ObjectStoreException>(call);
}
