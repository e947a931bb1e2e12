using Lifeboat.Platform.Files;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Platform;

/// <summary>The doubles of the file system that other tests rest on do what they say.</summary>
public sealed class FileDoubleTests : IDisposable
{
    private static readonly IFileSystem Files = PosixFileSystem.Instance;
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_planned_fault_strikes_the_operation_it_names()
    {
        var faulty = new FaultyFileSystem(
            Files, new FileFault(2, Errno.NoSpace, Concerns: (what, _) => what == FileOperation.Write));
        var file = faulty.Create(_scratch.Combine("x"));
        file.Write("1234"u8, 0);
        var failure = Assert.Throws<FileSystemException>(() => file.Write("5678"u8, 4));
        Assert.Equal(Errno.NoSpace, failure.Errno);
        Assert.Equal(6, file.Status().Size);
        file.Write("78"u8, 6);
        file.Close();
        Assert.Equal((3, true), (faulty.Count, faulty.Struck));
        Assert.Equal(
            ["Create", "Write", "Write", "Status", "Write", "Close"],
            faulty.Trace.Select(line => line.Split(' ')[0]));
        Assert.EndsWith(" FAILS", faulty.Trace[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_close_that_fails_has_closed_and_a_fault_for_good_stays()
    {
        var faulty = new FaultyFileSystem(Files, new FileFault(2, Errno.Io, ForGood: true));
        var file = faulty.Create(_scratch.Combine("x"));
        Assert.Throws<FileSystemException>(file.Close);
        Assert.Throws<FileSystemException>(() => faulty.Stat(_scratch.Combine("x")));
        Assert.Throws<FileSystemException>(() => faulty.List(_scratch.Path));
        Assert.NotNull(Files.Stat(_scratch.Combine("x")));
    }

    [Fact]
    public void A_fault_after_the_effect_leaves_it()
    {
        var faulty = new FaultyFileSystem(Files, new FileFault(1, Errno.Io, Moment: FaultMoment.After));
        Assert.Throws<FileSystemException>(() => faulty.CreateDirectory(_scratch.Combine("d")));
        Assert.NotNull(faulty.Stat(_scratch.Combine("d")));
    }

    [Fact]
    public void Power_loss_takes_what_was_not_synced_and_nothing_else()
    {
        Write(Files, "old", "old content", sync: false);
        Write(Files, "removed", "old", sync: false);
        var files = new UnsyncedLossFileSystem(Files, _scratch.Path);
        Write(files, "synced", "all of it", sync: true);
        Write(files, "empty", "never synced", sync: false);
        files.CreateDirectory(_scratch.Combine("d"));
        files.SyncDirectory(_scratch.Path);
        Write(files, "d/inner", "content synced, entry not", sync: true);
        Write(files, "late", "content synced, entry not", sync: true);
        files.Delete(_scratch.Combine("removed"));
        files.Link(_scratch.Combine("synced"), _scratch.Combine("linked"));
        files.Rename(_scratch.Combine("old"), _scratch.Combine("renamed"));
        using (var file = files.OpenWrite(_scratch.Combine("synced")))
        {
            file.Write("ALL of it, and more"u8, 0);
        }

        files.PowerLoss();
        Assert.Equal(["d", "empty", "old", "removed", "synced"], _scratch.List("").Select(one => one.Name));
        Assert.Empty(_scratch.List("d"));
        Assert.Equal("all of it", Read("synced"));
        Assert.Equal("", Read("empty"));
        Assert.Equal("old content", Read("old"));
        Assert.Throws<FileSystemException>(() => files.Stat(_scratch.Path));
    }

    [Fact]
    public void A_loss_of_contents_keeps_every_name()
    {
        Write(Files, "old", "old content", sync: false);
        var files = new UnsyncedLossFileSystem(Files, _scratch.Path);
        Write(files, "new", "never synced", sync: false);
        files.Rename(_scratch.Combine("new"), _scratch.Combine("old"));
        files.CreateDirectory(_scratch.Combine("d"));
        Write(files, "d/x", "synced", sync: true);
        files.Link(_scratch.Combine("d/x"), _scratch.Combine("y"));
        files.PowerLoss(UnsyncedLoss.Contents);
        Assert.Equal("", Read("old"));
        Assert.Equal("synced", Read("d/x"));
        Assert.Equal(Files.Stat(_scratch.Combine("d/x"))?.Inode, Files.Stat(_scratch.Combine("y"))?.Inode);
    }

    private void Write(IFileSystem files, string name, string content, bool sync)
    {
        using var file = files.Create(_scratch.Combine(name));
        file.Write(System.Text.Encoding.ASCII.GetBytes(content), 0);
        if (sync)
        {
            file.Sync();
        }
    }

    private string Read(string name)
    {
        using var file = Files.OpenRead(_scratch.Combine(name));
        var buffer = new byte[100];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, file.Read(buffer, 0));
    }
}
