using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

public sealed class LocalObjectStoreTests : IDisposable
{
    private static readonly IFileSystem Files = PosixFileSystem.Instance;
    private readonly ScratchDirectory _scratch = new();
    private readonly LocalObjectStore _store;
    private readonly string _root;

    public LocalObjectStoreTests()
    {
        _root = _scratch.Combine("repository");
        _store = LocalObjectStore.Create(Files, _root);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Only_the_owner_can_read_what_is_stored()
    {
        await Put("a/b/x");
        Assert.Equal(0x1C0, Files.Stat(_root)?.Mode);
        Assert.Equal(0x1C0, Files.Stat($"{_root}/.tmp")?.Mode);
        Assert.Equal(0x1C0, Files.Stat($"{_root}/a/b")?.Mode);
        Assert.Equal(0x180, Files.Stat($"{_root}/a/b/x")?.Mode);
        Assert.Empty(_scratch.List("repository/.tmp"));
    }

    [Fact]
    public async Task A_store_that_is_not_mounted_is_unavailable_and_never_empty()
    {
        await Put("a/x");
        Files.Rename(_root, _scratch.Combine("elsewhere"));
        await AssertUnavailableAsync();
        Assert.Equal(ErrorCode.StoreUnavailable, Open().Code);
        Files.CreateDirectory(_root);
        await AssertUnavailableAsync();
        Assert.Equal(ErrorCode.StoreUnavailable, Open().Code);
        Assert.Empty(_scratch.List("repository"));

        ObjectStoreException Open() => Assert.Throws<ObjectStoreException>(() => LocalObjectStore.Open(Files, _root));
    }

    [Fact]
    public void A_store_is_not_made_below_a_directory_that_is_missing()
    {
        var failure = Assert.Throws<FileSystemException>(
            () => LocalObjectStore.Create(Files, _scratch.Combine("none/repository")));
        Assert.True(failure.IsMissing);
    }

    [Fact]
    public async Task Making_a_store_twice_keeps_it()
    {
        await Put("x");
        using var again = LocalObjectStore.Create(Files, _root);
        Assert.Equal(["x"], await again.NamesAsync("", Token));
    }

    [Theory]
    [InlineData(PutCondition.IfAbsent)]
    [InlineData(PutCondition.Overwrite)]
    public async Task An_object_cannot_be_a_directory_or_lie_below_an_object(PutCondition condition)
    {
        await Put("a/b");
        foreach (var name in new[] { "a", "a/b/c", "a/b/c/d" })
        {
            var failure = await Assert.ThrowsAsync<ObjectStoreException>(
                async () => await _store.PutAsync(new ObjectName(name), new byte[1], condition, Token));
            Assert.Equal(ErrorCode.Conflict, failure.Code);
        }

        Assert.Equal(["a/b"], await _store.NamesAsync("", Token));
        Assert.Empty(_scratch.List("repository/.tmp"));
    }

    [Fact]
    public async Task Symbolic_links_are_never_followed()
    {
        Files.CreateDirectory(_scratch.Combine("outside"));
        using (var file = Files.Create(_scratch.Combine("outside/secret")))
        {
            file.Write("secret"u8, 0);
        }

        Files.CreateDirectory($"{_root}/d");
        Files.CreateSymbolicLink("../../outside/secret", $"{_root}/d/object");
        Files.CreateSymbolicLink("../outside", $"{_root}/directory");
        foreach (var name in new[] { "d/object", "directory/secret" })
        {
            var where = new ObjectName(name);
            await Denied(async () => await _store.ReadAsync(where, 0, new byte[9], Token));
            await Denied(async () => await _store.StatAsync(where, Token));
            await Denied(async () => await _store.PutAsync(where, new byte[1], PutCondition.IfAbsent, Token));
        }

        await Denied(async () => await _store.PutAsync(
            new ObjectName("directory/new"), new byte[1], PutCondition.Overwrite, Token));
        await Denied(async () => await _store.DeleteAsync(new ObjectName("directory/secret"), Token));
        await Denied(async () => await _store.NamesAsync("", Token));
        await Denied(async () => await _store.NamesAsync("directory/s", Token));
        Assert.Single(_scratch.List("outside"));

        static async Task Denied(Func<Task> call) =>
            Assert.Equal(ErrorCode.Denied, (await Assert.ThrowsAsync<ObjectStoreException>(call)).Code);
    }

    [Fact]
    public async Task What_no_object_can_be_called_is_passed_over()
    {
        await Put("x");
        Files.CreateDirectory($"{_root}/lost+found");
        Files.CreateDirectory($"{_root}/.snapshot");
        Files.Create($"{_root}/.nfs0001").Dispose();
        Files.Create($"{_root}/with space").Dispose();
        Assert.Equal(["x"], await _store.NamesAsync("", Token));
        Assert.Equal(["x"], await _store.ListChildrenAsync("", Token));
    }

    [Fact]
    public async Task A_directory_that_vanishes_while_listed_is_an_error()
    {
        await Put("a/1");
        await Put("b/1");
        await using var listing = _store.ListAsync("", Token).GetAsyncEnumerator(Token);
        Assert.True(await listing.MoveNextAsync());
        Files.Rename($"{_root}/b", _scratch.Combine("b"));
        await Assert.ThrowsAsync<ObjectStoreException>(async () => await listing.MoveNextAsync());
    }

    [Fact]
    public async Task An_object_deleted_while_listed_is_left_out()
    {
        await Put("a/1");
        await Put("a/2");
        await Put("a/3");
        await using var listing = _store.ListAsync("", Token).GetAsyncEnumerator(Token);
        Assert.True(await listing.MoveNextAsync());
        await _store.DeleteAsync(new ObjectName("a/2"), Token);
        Assert.True(await listing.MoveNextAsync());
        Assert.Equal("a/3", listing.Current.Name.Value);
        Assert.False(await listing.MoveNextAsync());
    }

    [Fact]
    public async Task A_sweep_removes_what_dead_writers_left_and_nothing_else()
    {
        await Put("kept");
        Files.Create($"{_root}/.tmp/0123").Dispose();
        Files.Create($"{_root}/.tmp/claim-0123").Dispose();
        Files.Link($"{_root}/kept", $"{_root}/.tmp/linked-by-a-dead-writer");
        await using var living = await _store.CreateAsync(new ObjectName("living"), Token);
        using var other = LocalObjectStore.Open(Files, _root);
        Assert.Equal(3, await other.SweepAsync(Token));
        Assert.Equal(0, await other.SweepAsync(Token));
        Assert.Single(_scratch.List("repository/.tmp"));
        Assert.Equal(PutOutcome.Created, await living.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Equal(["kept", "living"], await _store.NamesAsync("", Token));
    }

    [Fact]
    public async Task A_writer_whose_temporary_file_was_taken_away_fails()
    {
        await using var writer = await _store.CreateAsync(new ObjectName("x"), Token);
        await writer.WriteAsync(new byte[10], Token);
        Files.Delete($"{_root}/.tmp/{Assert.Single(_scratch.List("repository/.tmp")).Name}");
        await Assert.ThrowsAsync<FileSystemException>(
            async () => await writer.CompleteAsync(PutCondition.IfAbsent, Token));
        Assert.Empty(await _store.NamesAsync("", Token));
    }

    [Fact]
    public async Task A_directory_removed_by_somebody_else_is_made_again()
    {
        await Put("a/b/1");
        Files.Delete($"{_root}/a/b/1");
        Files.DeleteDirectory($"{_root}/a/b");
        await Put("a/b/2");
        Assert.Equal(["a/b/2"], await _store.NamesAsync("", Token));
    }

    [Fact]
    public async Task Repeated_reads_of_one_object_open_it_once()
    {
        var counting = new FaultyFileSystem(
            Files, new FileFault(long.MaxValue, Errno.Io, Concerns: (what, _) => what == FileOperation.OpenRead));
        using var store = LocalObjectStore.Open(counting, _root);
        await Put("pack");
        for (var offset = 0; offset < 50; offset++)
        {
            await store.ReadAsync(new ObjectName("pack"), offset, new byte[2], Token);
        }

        Assert.Equal(1, counting.Count);
    }

    [Fact]
    public async Task An_object_replaced_or_deleted_by_another_process_is_noticed_by_a_reader_that_has_it_open()
    {
        using var reader = LocalObjectStore.Open(Files, _root);
        var name = new ObjectName("x");
        await _store.PutAsync(name, "1"u8.ToArray(), PutCondition.Overwrite, Token);
        Assert.Equal("1"u8.ToArray(), await reader.ReadAllAsync(name, Token));
        await _store.PutAsync(name, "2"u8.ToArray(), PutCondition.Overwrite, Token);
        Assert.Equal("2"u8.ToArray(), await reader.ReadAllAsync(name, Token));
        await _store.DeleteAsync(name, Token);
        Assert.Null(await reader.ReadAllAsync(name, Token));
    }

    [Fact]
    public async Task Files_kept_open_are_few_and_all_objects_still_read()
    {
        for (var round = 0; round < 2; round++)
        {
            for (var number = 0; number < 40; number++)
            {
                await Put($"n/{number}");
                Assert.Equal(
                    $"n/{number}".Length, await _store.ReadAsync(new ObjectName($"n/{number}"), 0, new byte[99], Token));
            }
        }

        var open = Files.List("/proc/self/fd")
            .Select(entry => $"/proc/self/fd/{entry.Name}")
            .Where(path => Files.Stat(path) is not null)
            .Count(path => Files.ReadSymbolicLink(path).StartsWith(_root, StringComparison.Ordinal));
        Assert.InRange(open, 1, 16);
    }

    private async Task AssertUnavailableAsync()
    {
        var name = new ObjectName("a/x");
        await Unavailable(async () => await _store.ReadAsync(name, 0, new byte[1], Token));
        await Unavailable(async () => await _store.StatAsync(name, Token));
        await Unavailable(async () => await _store.NamesAsync("", Token));
        await Unavailable(async () => await _store.NamesAsync("a/", Token));
        await Unavailable(async () => await _store.ListChildrenAsync("", Token));
        await Unavailable(async () => await _store.PutAsync(name, new byte[1], PutCondition.IfAbsent, Token));
        await Unavailable(async () => await _store.CreateAsync(name, Token));
        await Unavailable(async () => await _store.DeleteAsync(name, Token));
        await Unavailable(async () => await _store.SweepAsync(Token));

        static async Task Unavailable(Func<Task> call)
        {
            var failure = await Assert.ThrowsAsync<ObjectStoreException>(call);
            Assert.Equal(ErrorCode.StoreUnavailable, failure.Code);
            Assert.NotEmpty(failure.Failure.Hint);
        }
    }

    private async Task Put(string name) =>
        await _store.PutAsync(new ObjectName(name), System.Text.Encoding.ASCII.GetBytes(name), PutCondition.IfAbsent, Token);
}
