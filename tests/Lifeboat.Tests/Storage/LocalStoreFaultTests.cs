using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>Fails file operation number N, for N = 1, 2, … until the sequence succeeds.</summary>
public sealed class LocalStoreFaultTests
{
    private const string Name = "repository";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, bool, FaultMoment, bool> Faults()
    {
        var data = new TheoryData<int, bool, FaultMoment, bool>();
        foreach (var hardLinks in new[] { true, false })
        {
            data.Add(Errno.NoSpace, false, FaultMoment.Before, hardLinks);
            foreach (var moment in Enum.GetValues<FaultMoment>())
            {
                data.Add(Errno.Io, false, moment, hardLinks);
                data.Add(Errno.Io, true, moment, hardLinks);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_failed_file_operation_leaves_no_part_and_no_false_success(
        int errno, bool forGood, FaultMoment moment, bool hardLinks)
    {
        for (var at = 1; ; at++)
        {
            using var scratch = ScratchDirectory.InMemory();
            var root = scratch.Combine(Name);
            // The model below makes syncing free; it never loses anything here.
            var disk = Disk(new UnsyncedLossFileSystem(PosixFileSystem.Instance, scratch.Path), hardLinks);
            var files = new FaultyFileSystem(disk, new FileFault(at, errno, forGood, moment));
            var steps = new LocalStoreSteps();
            var failure = await steps.RunAsync(() => LocalObjectStore.Create(files, root));
            if (!files.Struck)
            {
                Assert.Null(failure);
                Assert.True(at > 50, "the sequence has become too short to show anything");
                return;
            }

            var failed = files.Trace.First(line => line.EndsWith(" FAILS", StringComparison.Ordinal));
            var message = $"operation {at}: {failed}";
            if (failure is null)
            {
                // Only the removal of a temporary name may fail without the caller knowing; and a link that this disk
                // refuses anyway.
                Assert.True(
                    message.Contains($"Delete {root}/.tmp/", StringComparison.Ordinal)
                        || (!hardLinks && message.Contains(": Link ", StringComparison.Ordinal)),
                    message);
            }

            if (steps.HasStore)
            {
                using var after = LocalObjectStore.Open(disk, root);
                await steps.JudgeAsync(after, message);
            }

            var again = new LocalStoreSteps();
            Assert.Null(await again.RunAsync(() => LocalObjectStore.Create(disk, root)));
            using var store = LocalObjectStore.Open(disk, root);
            await again.JudgeAsync(store, $"{message}, repeated");
            await store.SweepAsync(Token);
            Assert.Empty(disk.List(PosixPath.Combine(root, ".tmp")));
        }
    }

    [Theory]
    [InlineData(UnsyncedLoss.All, FaultMoment.Before, true)]
    [InlineData(UnsyncedLoss.All, FaultMoment.After, true)]
    [InlineData(UnsyncedLoss.All, FaultMoment.Before, false)]
    [InlineData(UnsyncedLoss.All, FaultMoment.After, false)]
    [InlineData(UnsyncedLoss.Contents, FaultMoment.Before, true)]
    [InlineData(UnsyncedLoss.Contents, FaultMoment.After, true)]
    [InlineData(UnsyncedLoss.Contents, FaultMoment.Before, false)]
    [InlineData(UnsyncedLoss.Contents, FaultMoment.After, false)]
    public async Task Power_lost_at_any_operation_takes_nothing_that_was_promised(
        UnsyncedLoss loss, FaultMoment moment, bool hardLinks)
    {
        for (var at = 1; ; at++)
        {
            using var scratch = ScratchDirectory.InMemory();
            var root = scratch.Combine(Name);
            var disk = new UnsyncedLossFileSystem(PosixFileSystem.Instance, scratch.Path);
            var files = new FaultyFileSystem(Disk(disk, hardLinks), new FileFault(at, Errno.Io, ForGood: true, moment));
            var steps = new LocalStoreSteps();
            await steps.RunAsync(() => LocalObjectStore.Create(files, root));
            disk.PowerLoss(loss);

            if (steps.HasStore)
            {
                using var store = LocalObjectStore.Open(PosixFileSystem.Instance, root);
                await steps.JudgeAsync(store, $"power lost at operation {at}, {files.Trace[^1]}");
                await store.SweepAsync(Token);
                Assert.Empty(scratch.List($"{Name}/.tmp"));
            }

            if (!files.Struck)
            {
                Assert.True(at > 50, "the sequence has become too short to show anything");
                return;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_dead_writer_made_visible_is_durable_once_the_next_writer_was_answered(bool hardLinks)
    {
        var met = 0;
        for (var at = 1; ; at++)
        {
            using var scratch = ScratchDirectory.InMemory();
            var root = scratch.Combine(Name);
            LocalObjectStore.Create(PosixFileSystem.Instance, root).Dispose();
            var disk = new UnsyncedLossFileSystem(PosixFileSystem.Instance, scratch.Path);
            var files = new FaultyFileSystem(Disk(disk, hardLinks), new FileFault(at, Errno.Io, ForGood: true));
            var name = new ObjectName("new/directory/object");
            var content = "content"u8.ToArray();
            try
            {
                using var dying = LocalObjectStore.Open(files, root);
                await dying.PutAsync(name, content, PutCondition.IfAbsent, Token);
            }
            catch (LifeboatException)
            {
                // It died; the machine lives on.
            }

            using (var next = LocalObjectStore.Open(Disk(disk, hardLinks), root))
            {
                met += await next.PutAsync(name, content, PutCondition.IfAbsent, Token) == PutOutcome.AlreadyExists
                    ? 1
                    : 0;
            }

            disk.PowerLoss();
            using var store = LocalObjectStore.Open(PosixFileSystem.Instance, root);
            Assert.Equal(content, await store.ReadAllAsync(name, Token));
            if (!files.Struck)
            {
                Assert.True(met >= 2, "no dead writer's object was met");
                return;
            }
        }
    }

    [Fact]
    public async Task What_a_dead_writer_made_visible_is_durable_once_it_was_settled()
    {
        var met = 0;
        for (var at = 1; ; at++)
        {
            using var scratch = ScratchDirectory.InMemory();
            var root = scratch.Combine(Name);
            LocalObjectStore.Create(PosixFileSystem.Instance, root).Dispose();
            var disk = new UnsyncedLossFileSystem(PosixFileSystem.Instance, scratch.Path);
            var files = new FaultyFileSystem(disk, new FileFault(at, Errno.Io, ForGood: true));
            var name = new ObjectName("new/directory/object");
            try
            {
                using var dying = LocalObjectStore.Open(files, root);
                await dying.PutAsync(name, "content"u8.ToArray(), PutCondition.IfAbsent, Token);
            }
            catch (LifeboatException)
            {
                // It died; the machine lives on.
            }

            bool visible;
            using (var next = LocalObjectStore.Open(disk, root))
            {
                visible = await next.StatAsync(name, Token) is not null;
                await next.SettleAsync("new/directory/", Token);
            }

            disk.PowerLoss();
            using var store = LocalObjectStore.Open(PosixFileSystem.Instance, root);
            Assert.Equal(visible, await store.StatAsync(name, Token) is not null);
            met += visible && files.Struck ? 1 : 0;
            if (!files.Struck)
            {
                Assert.True(met >= 2, "no dead writer's object was met");
                return;
            }
        }
    }

    [Theory]
    [InlineData(FileOperation.Write)]
    [InlineData(FileOperation.Sync)]
    [InlineData(FileOperation.Close)]
    public async Task Content_is_written_synced_and_closed_without_error_before_it_has_a_name(FileOperation failing)
    {
        using var scratch = ScratchDirectory.InMemory();
        var root = scratch.Combine(Name);
        var files = new FaultyFileSystem(
            PosixFileSystem.Instance, new FileFault(1, Errno.Io, Concerns: (what, _) => what == failing));
        using var store = LocalObjectStore.Create(files, root);
        await Assert.ThrowsAsync<FileSystemException>(
            async () => await store.PutAsync(new ObjectName("x"), new byte[9], PutCondition.IfAbsent, Token));
        Assert.DoesNotContain(files.Trace, line => line.StartsWith("Link ", StringComparison.Ordinal));
        Assert.Empty(await store.NamesAsync("", Token));
        Assert.Empty(scratch.List($"{Name}/.tmp"));
    }

    [Fact]
    public async Task Without_hard_links_and_locks_a_create_is_refused()
    {
        using var scratch = ScratchDirectory.InMemory();
        var files = new FaultyFileSystem(
            Disk(PosixFileSystem.Instance, hardLinks: false),
            new FileFault(1, Errno.NoLocks, ForGood: true, Concerns: (what, _) => what == FileOperation.TryLock));
        using var store = LocalObjectStore.Create(files, scratch.Combine(Name));
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(
            async () => await store.PutAsync(new ObjectName("x"), new byte[1], PutCondition.IfAbsent, Token));
        Assert.Contains("neither hard links nor locks", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await store.NamesAsync("", Token));
    }

    private static FaultyFileSystem Disk(IFileSystem files, bool hardLinks) => new(
        files,
        hardLinks
            ? null
            : new FileFault(1, Errno.NotPermitted, ForGood: true, Concerns: (what, _) => what == FileOperation.Link));
}
