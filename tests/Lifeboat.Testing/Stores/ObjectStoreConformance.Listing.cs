using System.Text;
using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Testing.Stores;

public abstract partial class ObjectStoreConformance
{
    // '-' and '.' sort before the slash, digits and letters after it: walking directories in order of their names fails.
    private static readonly string[] Tricky =
    [
        "A", "a-b", "a-b.c", "a.b", "a/b", "a/b-", "a/c/d", "a/c0", "a0", "aa/x", "ab", "b/a-/1", "b/a.d", "b/a/1", "b/a0", "b_",
    ];

    [Fact]
    public async Task A_listing_is_in_ordinal_order_of_whole_names()
    {
        var store = await CreateTrickyAsync();
        Assert.Equal(Tricky, Tricky.Order(StringComparer.Ordinal));
        Assert.Equal(Tricky, await store.NamesAsync("", Token));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a-")]
    [InlineData("a/")]
    [InlineData("a/b")]
    [InlineData("a/c")]
    [InlineData("a/c/")]
    [InlineData("a/c/d")]
    [InlineData("a/c/d/")]
    [InlineData("b/a")]
    [InlineData("b/a/1")]
    [InlineData("A")]
    [InlineData("none")]
    [InlineData("none/")]
    [InlineData("none/below/x")]
    [InlineData("a0/below")]
    [InlineData("/")]
    [InlineData("a//")]
    [InlineData(".")]
    [InlineData("../")]
    public async Task A_prefix_is_a_text_prefix(string prefix)
    {
        var store = await CreateTrickyAsync();
        var expected = Tricky.Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        Assert.Equal(expected, await store.NamesAsync(prefix, Token));
    }

    [Fact]
    public async Task Children_are_the_next_components_in_ordinal_order()
    {
        var store = await CreateTrickyAsync();
        Assert.Equal(
            ["A", "a-b", "a-b.c", "a.b", "a/", "a0", "aa/", "ab", "b/", "b_"],
            await store.ListChildrenAsync("", Token));
        Assert.Equal(["b", "b-", "c/", "c0"], await store.ListChildrenAsync("a/", Token));
        Assert.Equal(["a-/", "a.d", "a/", "a0"], await store.ListChildrenAsync("b/", Token));
        Assert.Equal(["d"], await store.ListChildrenAsync("a/c/", Token));
        Assert.Empty(await store.ListChildrenAsync("none/", Token));
        Assert.Empty(await store.ListChildrenAsync("a0/", Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.ListChildrenAsync("a", Token));
    }

    [Fact]
    public async Task A_directory_without_objects_is_no_child()
    {
        var store = CreateStore();
        await Put(store, "a/b/c/x", "1");
        await Put(store, "a/d", "1");
        await store.DeleteAsync(new ObjectName("a/b/c/x"), Token);
        Assert.Equal(["d"], await store.ListChildrenAsync("a/", Token));
    }

    [Fact]
    public async Task An_empty_store_lists_nothing()
    {
        var store = CreateStore();
        Assert.Empty(await store.NamesAsync("", Token));
        Assert.Empty(await store.ListChildrenAsync("", Token));
        Assert.Equal(0, await store.SweepAsync(Token));
    }

    [Fact]
    public async Task A_listing_of_more_than_a_page_of_most_stores_is_complete()
    {
        var store = CreateStore();
        var names = Enumerable.Range(0, 1003).Select(number => $"many/{number:d4}").ToList();
        foreach (var name in names)
        {
            await Put(store, name, "");
        }

        Assert.Equal(names, await store.NamesAsync("many/", Token));
        Assert.Equal(1003, (await store.ListChildrenAsync("many/", Token)).Count);
    }

    [Fact]
    public async Task Listed_facts_are_those_of_each_object()
    {
        var store = CreateStore();
        await Put(store, "s/1", "1");
        await Put(store, "s/22", "22");
        await foreach (var facts in store.ListAsync("s/", Token))
        {
            Assert.Equal(await store.StatAsync(facts.Name, Token), facts);
            Assert.Equal(facts.Name.LastPart.Length, facts.Size);
        }
    }

    [Fact]
    public async Task Versions_keep_what_was_overwritten_and_deleted_where_the_store_has_them()
    {
        var store = CreateStore();
        await Put(store, "v/x", "one");
        await Put(store, "v/x", "two!", PutCondition.Overwrite);
        await store.DeleteAsync(new ObjectName("v/x"), Token);
        await Put(store, "v/y", "other");
        var versions = new List<ObjectFacts>();
        await foreach (var facts in store.ListVersionsAsync("v/", Token))
        {
            versions.Add(facts);
        }

        if (!store.Capabilities.Versions)
        {
            Assert.Equal(["v/y"], versions.Select(one => one.Name.Value));
            if (store.Locks is not null)
            {
                return;
            }

            Assert.Null(versions[0].Version);
            await Assert.ThrowsAsync<ObjectNotFoundException>(
                async () => await store.ReadVersionAsync(new ObjectName("v/y"), "1", 0, new byte[9], Token));
            return;
        }

        Assert.Equal(["v/x", "v/x", "v/x", "v/y"], versions.Select(one => one.Name.Value));
        Assert.Equal([false, false, true, false], versions.Select(one => one.IsDeleted));
        Assert.Equal(["one", "two!"], [await Version(versions[0]), await Version(versions[1])]);
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await Version(versions[2]));
        Assert.Equal(["v/y"], await store.NamesAsync("v/", Token));
        Assert.Equal(PutOutcome.Created, await Put(store, "v/x", "again"));
        Assert.Equal("one", await Version(versions[0]));

        async Task<string> Version(ObjectFacts facts)
        {
            var buffer = new byte[16];
            var read = await store.ReadVersionAsync(facts.Name, facts.Version!, 0, buffer, Token);
            return Encoding.ASCII.GetString(buffer, 0, read);
        }
    }

    private async Task<IObjectStore> CreateTrickyAsync()
    {
        var store = CreateStore();
        foreach (var name in Tricky.Reverse())
        {
            await Put(store, name, name);
        }

        return store;
    }
}
