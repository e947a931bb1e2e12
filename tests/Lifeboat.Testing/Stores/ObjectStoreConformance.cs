using System.Text;
using Lifeboat.Storage;
using Xunit;

namespace Lifeboat.Testing.Stores;

/// <summary>
/// The contract of <see cref="IObjectStore"/> as tests. A test class per store derives from it and gives a new, empty
/// store; <c>ObjectStoreConformance.Listing.cs</c> holds the part on listings and versions.
/// </summary>
public abstract partial class ObjectStoreConformance
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A store without any object. Called once per test.</summary>
    protected abstract IObjectStore CreateStore();

    /// <summary>Whether what is put over an object is read in its place: not where the oldest version is the object.</summary>
    protected virtual bool Replaces => true;

    [Fact]
    public async Task What_was_put_is_read_back_with_its_facts()
    {
        var store = CreateStore();
        Assert.Equal(PutOutcome.Created, await Put(store, "packs/ab/one", "hello"));
        Assert.Equal("hello", await Text(store, "packs/ab/one"));
        var facts = await store.StatAsync(new ObjectName("packs/ab/one"), Token);
        Assert.NotNull(facts);
        Assert.Equal(("packs/ab/one", 5L, false), (facts.Name.Value, facts.Size, facts.IsDeleted));
        Assert.NotEqual(default, facts.LastModified);
        Assert.Equal(store.Capabilities.Versions || store.Locks is not null, facts.Version is not null);
        Assert.NotEmpty(store.Location);
    }

    [Fact]
    public async Task Put_if_absent_leaves_what_is_there()
    {
        var store = CreateStore();
        Assert.Equal(PutOutcome.Created, await Put(store, "x", "first"));
        Assert.Equal(PutOutcome.AlreadyExists, await Put(store, "x", "second"));
        Assert.Equal(PutOutcome.AlreadyExists, await Write(store, "x", PutCondition.IfAbsent, "third"));
        Assert.Equal("first", await Text(store, "x"));
    }

    [Fact]
    public async Task Overwrite_replaces_and_readers_see_the_new_content()
    {
        var store = CreateStore();
        Assert.Equal(PutOutcome.Created, await Put(store, "d/x", "first one", PutCondition.Overwrite));
        Assert.Equal("first one", await Text(store, "d/x"));
        Assert.Equal(PutOutcome.Created, await Put(store, "d/x", "second", PutCondition.Overwrite));
        Assert.Equal(Replaces ? "second" : "first one", await Text(store, "d/x"));
        Assert.Equal(PutOutcome.Created, await Write(store, "d/x", PutCondition.Overwrite, "thi", "rd"));
        Assert.Equal(Replaces ? "third" : "first one", await Text(store, "d/x"));
        Assert.Equal(["d/x"], await store.NamesAsync("", Token));
    }

    [Fact]
    public async Task Of_16_writers_of_one_name_one_wins_and_its_bytes_are_there()
    {
        var store = CreateStore();
        var name = new ObjectName("race/new/name");
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writers = Enumerable.Range(0, 16).Select(number => Task.Run(async () =>
        {
            await start.Task;
            var content = Encoding.ASCII.GetBytes(new string((char)('a' + number), 1000 + number));
            var outcome = await store.PutAsync(name, content, PutCondition.IfAbsent, Token);
            return (content, outcome);
        })).ToList();
        start.SetResult();
        var results = await Task.WhenAll(writers);

        var winners = results.Where(one => one.outcome == PutOutcome.Created).Select(one => one.content).ToList();
        var stored = await store.ReadAllAsync(name, Token);
        if (store.Capabilities.CreateIfAbsent)
        {
            Assert.Equal(Assert.Single(winners), stored);
        }
        else
        {
            Assert.Contains(winners, one => one.AsSpan().SequenceEqual(stored));
        }
    }

    [Fact]
    public async Task Writers_of_many_names_in_new_directories_do_not_disturb_each_other()
    {
        var store = CreateStore();
        var names = Enumerable.Range(0, 64).Select(number => $"deep/{number % 4}/{number % 8}/{number:d2}").ToList();
        await Task.WhenAll(names.Select(name => Task.Run(() => Put(store, name, name))));
        Assert.Equal(names.Order(StringComparer.Ordinal), await store.NamesAsync("deep/", Token));
        await Task.WhenAll(names.Select(
            name => Task.Run(async () => Assert.Equal(name, await Text(store, name)))));
    }

    [Fact]
    public async Task A_read_fills_its_buffer_except_at_the_end()
    {
        var store = CreateStore();
        await Put(store, "range", "0123456789");
        var name = new ObjectName("range");
        Assert.Equal("0123", await Read(0, 4));
        Assert.Equal("456789", await Read(4, 6));
        Assert.Equal("89", await Read(8, 6));
        Assert.Equal("", await Read(10, 6));
        Assert.Equal("", await Read(11, 6));
        Assert.Equal("", await Read(long.MaxValue / 2, 6));
        Assert.Equal("", await Read(3, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Read(-1, 4));

        async Task<string> Read(long offset, int length)
        {
            var buffer = new byte[length];
            var read = await store.ReadAsync(name, offset, buffer, Token);
            return Encoding.ASCII.GetString(buffer, 0, read);
        }
    }

    [Fact]
    public async Task An_empty_object_is_an_object()
    {
        var store = CreateStore();
        Assert.Equal(PutOutcome.Created, await Put(store, "empty/put", ""));
        Assert.Equal(PutOutcome.Created, await Write(store, "empty/written", PutCondition.IfAbsent));
        Assert.Equal("", await Text(store, "empty/put"));
        Assert.Equal("", await Text(store, "empty/written"));
        Assert.Equal(0, (await store.StatAsync(new ObjectName("empty/put"), Token))?.Size);
        Assert.Equal(["empty/put", "empty/written"], await store.NamesAsync("empty/", Token));
    }

    [Fact]
    public async Task What_is_absent_is_reported_as_absent()
    {
        var store = CreateStore();
        await Put(store, "a/b", "x");
        foreach (var absent in new[] { "none", "none/below", "a/none", "a/bb", "a/b/below" })
        {
            Assert.Null(await store.StatAsync(new ObjectName(absent), Token));
            var failure = await Assert.ThrowsAsync<ObjectNotFoundException>(
                async () => await store.ReadAsync(new ObjectName(absent), 0, new byte[1], Token));
            Assert.Equal(absent, failure.Name.Value);
            Assert.False(failure.Failure.Transient);
        }
    }

    [Fact]
    public async Task An_object_is_invisible_until_it_is_completed()
    {
        var store = CreateStore();
        var name = new ObjectName("slow/object");
        await using var writer = await store.CreateAsync(name, Token);
        await writer.WriteAsync("part one, "u8.ToArray(), Token);
        Assert.Equal(10, writer.Length);
        Assert.Null(await store.StatAsync(name, Token));
        Assert.Empty(await store.NamesAsync("", Token));
        Assert.Empty(await store.ListChildrenAsync("", Token));
        var buffer = "part two"u8.ToArray();
        await writer.WriteAsync(buffer, Token);
        buffer.AsSpan().Clear();
        Assert.Equal(PutOutcome.Created, await writer.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal("part one, part two", await Text(store, name.Value));
        Assert.Equal(name, writer.Name);
    }

    [Fact]
    public async Task A_writer_disposed_without_completing_leaves_nothing()
    {
        var store = CreateStore();
        await using (var writer = await store.CreateAsync(new ObjectName("gone/soon"), Token))
        {
            await writer.WriteAsync(new byte[100_000], Token);
        }

        Assert.Empty(await store.NamesAsync("", Token));
        Assert.Equal(0, await store.SweepAsync(Token));
        Assert.Equal(PutOutcome.Created, await Put(store, "gone/soon", "now"));
    }

    [Fact]
    public async Task Settling_changes_nothing_that_can_be_seen()
    {
        var store = CreateStore();
        await store.SettleAsync("", Token);
        await store.SettleAsync("nothing/here/", Token);
        Assert.Empty(await store.NamesAsync("", Token));
        await Put(store, "a/b/c", "content");
        await store.SettleAsync("a/b/", Token);
        await store.SettleAsync("a/", Token);
        Assert.Equal(["a/b/c"], await store.NamesAsync("", Token));
        Assert.Equal(PutOutcome.AlreadyExists, await Put(store, "a/b/c", "other"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.SettleAsync("a/b", Token));
    }

    [Fact]
    public async Task A_completed_or_disposed_writer_refuses_more()
    {
        var store = CreateStore();
        var writer = await store.CreateAsync(new ObjectName("once"), Token);
        await writer.CompleteAsync(PutCondition.IfAbsent, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await writer.WriteAsync(new byte[1], Token));
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await writer.CompleteAsync(PutCondition.Overwrite, Token));
        await writer.DisposeAsync();
        await writer.DisposeAsync();
        var disposed = await store.CreateAsync(new ObjectName("never"), Token);
        await disposed.DisposeAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await disposed.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal(["once"], await store.NamesAsync("", Token));
    }

    [Fact]
    public async Task Two_writers_of_one_name_do_not_mix()
    {
        var store = CreateStore();
        var name = new ObjectName("same");
        await using var first = await store.CreateAsync(name, Token);
        await using var second = await store.CreateAsync(name, Token);
        await first.WriteAsync("11"u8.ToArray(), Token);
        await second.WriteAsync("22"u8.ToArray(), Token);
        await first.WriteAsync("11"u8.ToArray(), Token);
        Assert.Equal(PutOutcome.Created, await second.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal(PutOutcome.AlreadyExists, await first.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal("22", await Text(store, "same"));
    }

    [Fact]
    public async Task Deletion_is_idempotent_and_makes_the_name_free()
    {
        var store = CreateStore();
        var name = new ObjectName("d/x");
        await store.DeleteAsync(name, Token);
        await Put(store, "d/x", "1");
        Assert.Equal("1", await Text(store, "d/x"));
        await store.DeleteAsync(name, Token);
        await store.DeleteAsync(name, Token);
        Assert.Null(await store.StatAsync(name, Token));
        Assert.Null(await store.ReadAllAsync(name, Token));
        Assert.Empty(await store.NamesAsync("", Token));
        Assert.Empty(await store.ListChildrenAsync("", Token));
        Assert.Equal(PutOutcome.Created, await Put(store, "d/x", "2"));
        Assert.Equal("2", await Text(store, "d/x"));
    }

    [Fact]
    public async Task A_sweep_spares_a_writer_that_lives()
    {
        var store = CreateStore();
        await using var writer = await store.CreateAsync(new ObjectName("alive"), Token);
        await writer.WriteAsync("still "u8.ToArray(), Token);
        Assert.Equal(0, await store.SweepAsync(Token));
        await writer.WriteAsync("here"u8.ToArray(), Token);
        Assert.Equal(PutOutcome.Created, await writer.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal(0, await store.SweepAsync(Token));
        Assert.Equal("still here", await Text(store, "alive"));
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var store = CreateStore();
        var cancelled = new CancellationToken(canceled: true);
        var name = new ObjectName("never");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.PutAsync(name, new byte[1], PutCondition.IfAbsent, cancelled));
        await using var writer = await store.CreateAsync(name, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await writer.CompleteAsync(PutCondition.IfAbsent, cancelled));
        Assert.Null(await store.StatAsync(name, Token));
        await Put(store, "there", "x");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.DeleteAsync(new ObjectName("there"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.NamesAsync("", cancelled));
        Assert.Equal("x", await Text(store, "there"));
    }

    [Fact]
    public async Task A_large_object_is_streamed_and_read_back_at_every_offset()
    {
        var store = CreateStore();
        var name = new ObjectName("large");
        var block = new byte[1 << 20];
        await using (var writer = await store.CreateAsync(name, Token))
        {
            for (var number = 0; number < 20; number++)
            {
                block.AsSpan().Fill((byte)number);
                await writer.WriteAsync(block, Token);
            }

            await writer.WriteAsync(new byte[] { 99 }, Token);
            Assert.Equal(PutOutcome.Created, await writer.CompleteAsync(PutCondition.IfAbsent, Token));
        }

        Assert.Equal((20L << 20) + 1, (await store.StatAsync(name, Token))?.Size);
        for (var number = 19; number >= 0; number--)
        {
            Assert.Equal(block.Length, await store.ReadAsync(name, (long)number << 20, block, Token));
            Assert.False(block.AsSpan().ContainsAnyExcept((byte)number));
        }

        Assert.Equal(1, await store.ReadAsync(name, 20L << 20, block, Token));
        Assert.Equal(99, block[0]);
    }

    private static async Task<PutOutcome> Put(
        IObjectStore store, string name, string text, PutCondition condition = PutCondition.IfAbsent) =>
        await store.PutAsync(new ObjectName(name), Encoding.ASCII.GetBytes(text), condition, Token);

    private static async Task<PutOutcome> Write(
        IObjectStore store, string name, PutCondition condition, params string[] parts)
    {
        await using var writer = await store.CreateAsync(new ObjectName(name), Token);
        foreach (var part in parts)
        {
            await writer.WriteAsync(Encoding.ASCII.GetBytes(part), Token);
        }

        return await writer.CompleteAsync(condition, Token);
    }

    private static async Task<string?> Text(IObjectStore store, string name) =>
        await store.ReadAllAsync(new ObjectName(name), Token) is { } bytes ? Encoding.ASCII.GetString(bytes) : null;
}
