using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Testing.Stores;

public abstract partial class ObjectStoreConformance
{
    [Fact]
    public async Task Many_are_deleted_in_one_call_and_the_others_stay()
    {
        var store = CreateStore();
        var names = Enumerable.Range(0, 60).Select(number => new ObjectName($"d/{number % 3}/{number:d2}")).ToList();
        foreach (var name in names)
        {
            await Put(store, name.Value, name.Value);
        }

        var gone = names.Where((_, number) => number % 4 != 0).ToList();
        await store.DeleteManyAsync([.. gone, new ObjectName("d/never"), new ObjectName("none/at/all"), gone[0]], Token);
        var left = names.Except(gone).Order().ToList();
        Assert.Equal(left.Select(name => name.Value), await store.NamesAsync("", Token));
        foreach (var name in left)
        {
            Assert.Equal(name.Value, await Text(store, name.Value));
        }

        Assert.Null(await store.StatAsync(gone[^1], Token));
        await store.DeleteManyAsync(gone, Token);
        await store.DeleteManyAsync([], Token);
        Assert.Equal(left.Count, (await store.NamesAsync("", Token)).Count);
        Assert.Equal(PutOutcome.Created, await Put(store, gone[0].Value, "anew"));
    }

    [Fact]
    public async Task A_cancelled_deletion_of_many_deletes_nothing()
    {
        var store = CreateStore();
        await Put(store, "a/x", "x");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.DeleteManyAsync(
            [new ObjectName("a/x")], new CancellationToken(canceled: true)));
        Assert.Equal("x", await Text(store, "a/x"));
    }

    [Fact]
    public async Task Removed_versions_are_gone_for_good_and_the_one_before_is_the_object()
    {
        var store = CreateStore();
        await Put(store, "v/x", "one");
        await Put(store, "v/x", "two", PutCondition.Overwrite);
        await Put(store, "v/x", "three", PutCondition.Overwrite);
        await Put(store, "v/y", "other");
        if (!store.Capabilities.Versions)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.DeleteVersionsAsync(
                [new ObjectVersion(new ObjectName("v/x"), "1")], Token));
            Assert.Equal(Replaces ? "three" : "one", await Text(store, "v/x"));
            return;
        }

        var name = new ObjectName("v/x");
        await store.DeleteAsync(name, Token);
        var versions = await VersionsAsync();
        Assert.Equal([false, false, false, true], versions.Select(one => one.IsDeleted));

        // Without the marker the object is back; without its newest version the one before is what is read.
        await store.DeleteVersionsAsync([Of(versions[3])], Token);
        Assert.Equal("three", await Text(store, "v/x"));
        await store.DeleteVersionsAsync([Of(versions[2]), Of(versions[0])], Token);
        await store.DeleteVersionsAsync([Of(versions[2])], Token);
        Assert.Equal("two", await Text(store, "v/x"));
        Assert.Equal([versions[1].Version], (await VersionsAsync()).Select(one => one.Version));
        await Assert.ThrowsAsync<ObjectNotFoundException>(
            async () => await store.ReadVersionAsync(name, versions[0].Version!, 0, new byte[9], Token));
        await store.DeleteVersionsAsync([Of(versions[1])], Token);
        Assert.Null(await store.StatAsync(name, Token));
        Assert.Empty(await VersionsAsync());
        Assert.Equal(["v/y"], await store.NamesAsync("", Token));

        async Task<List<ObjectFacts>> VersionsAsync()
        {
            var all = new List<ObjectFacts>();
            await foreach (var facts in store.ListVersionsAsync("v/x", Token))
            {
                all.Add(facts);
            }

            return all;
        }

        static ObjectVersion Of(ObjectFacts facts) => new(facts.Name, facts.Version!);
    }
}
