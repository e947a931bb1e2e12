using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Platform;

public sealed class PosixFileSystemTests : IDisposable
{
    private static readonly IFileSystem Files = PosixFileSystem.Instance;
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("with space and = # [ \\ ' \"")]
    [InlineData("new\nline")]
    [InlineData("é😀")]
    [InlineData("-rf")]
    public void Any_name_of_the_kernels_can_be_made_listed_renamed_and_deleted(string name) => UseName(name);

    [Fact]
    public void A_name_that_is_not_UTF8_is_a_name_like_any_other()
    {
        var name = PosixPath.Decode([0x6E, 0xFF, 0xC3, 0x75, 0x80]);
        UseName(name);
        Assert.Equal("n\uDCFF\uDCC3u\uDC80", name);
    }

    [Fact]
    public void A_listing_is_complete_and_sorted_and_has_kinds()
    {
        var names = Enumerable.Range(0, 2000).Select(number => $"{number * 7919 % 2000:x}-").ToList();
        foreach (var name in names)
        {
            Files.Create(_scratch.Combine(name)).Dispose();
        }

        Files.CreateDirectory(_scratch.Combine("directory"));
        Files.CreateSymbolicLink("nowhere", _scratch.Combine("link"));
        var entries = Files.List(_scratch.Path);
        Assert.Equal(
            names.Append("directory").Append("link").Order(StringComparer.Ordinal), entries.Select(one => one.Name));
        Assert.Equal(FileKind.Directory, entries.Single(one => one.Name == "directory").Kind);
        Assert.Equal(FileKind.SymbolicLink, entries.Single(one => one.Name == "link").Kind);
        Assert.All(entries.Where(one => one.Name.EndsWith('-')), one => Assert.Equal(FileKind.Regular, one.Kind));
        Assert.Empty(Files.List(_scratch.Combine("directory")));
    }

    [Fact]
    public void Status_tells_what_the_kernel_knows()
    {
        Write("file", new byte[1234]);
        Files.SetMode(_scratch.Combine("file"), 0x1A4 /* 0644 */);
        Files.Link(_scratch.Combine("file"), _scratch.Combine("other"));
        Files.SetModifiedTime(_scratch.Combine("file"), 1_600_000_000_123_456_789);
        var status = Files.Stat(_scratch.Combine("file"))!.Value;
        Assert.Equal((FileKind.Regular, 1234L, 0x1A4), (status.Kind, status.Size, status.Mode));
        Assert.Equal((PosixFileSystem.EffectiveUser, PosixFileSystem.EffectiveGroup), (status.Owner, status.Group));
        Assert.Equal(1_600_000_000_123_456_789, status.ModifiedNs);
        Assert.True(status.ChangedNs > status.ModifiedNs, "the inode changed when its time was set");
        Assert.Equal(status, Files.Stat(_scratch.Combine("other")));
        using var file = Files.OpenRead(_scratch.Combine("file"));
        Assert.Equal(status, file.Status());
        Assert.Equal(status.Device, Files.Stat(_scratch.Path)?.Device);
        Assert.NotEqual(status.Inode, Files.Stat(_scratch.Path)?.Inode);
        Assert.Equal(FileKind.Other, Files.Stat("/dev/null")?.Kind);
    }

    [Fact]
    public void Status_follows_a_link_only_when_asked()
    {
        Write("file", "12345"u8);
        Files.CreateSymbolicLink("file", _scratch.Combine("link"));
        Files.CreateSymbolicLink("nowhere", _scratch.Combine("dangling"));
        Assert.Equal(FileKind.SymbolicLink, Files.Stat(_scratch.Combine("link"))?.Kind);
        Assert.Equal(5, Files.StatTarget(_scratch.Combine("link"))?.Size);
        Assert.Null(Files.StatTarget(_scratch.Combine("dangling")));
        Assert.Null(Files.Stat(_scratch.Combine("none")));
        Assert.Null(Files.Stat(_scratch.Combine("file/below")));
        Assert.Equal(_scratch.Combine("file"), Files.RealPath(_scratch.Combine("link")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-1_000_000_000)]
    [InlineData(-1_500_000_001)]
    [InlineData(1_000_000_000)]
    [InlineData(4_102_444_800_999_999_999)]
    public void A_modified_time_is_kept_to_the_nanosecond(long modifiedNs)
    {
        Write("file", ""u8);
        Files.SetModifiedTime(_scratch.Combine("file"), modifiedNs);
        Assert.Equal(modifiedNs, Files.Stat(_scratch.Combine("file"))?.ModifiedNs);
    }

    [Fact]
    public void Reads_stop_at_the_end_and_writes_can_lie_behind_it()
    {
        using var file = Files.Create(_scratch.Combine("file"));
        file.Write("end"u8, 10);
        var buffer = new byte[20];
        Assert.Equal(13, file.Read(buffer, 0));
        Assert.Equal(0, buffer[9]);
        Assert.Equal((byte)'e', buffer[10]);
        Assert.Equal(0, file.Read(buffer, 13));
        Assert.Equal(0, file.Read(buffer, 1000));
        file.SetLength(11);
        Assert.Equal(11, file.Read(buffer, 0));
        file.SetLength(4096);
        Assert.Equal(4096, file.Status().Size);
        file.StartWriteback(0, 4096);
        file.Sync();
        file.Close();
        Files.SyncDirectory(_scratch.Path);
    }

    [Fact]
    public void A_closed_file_fails_and_can_be_closed_again()
    {
        var file = Files.Create(_scratch.Combine("file"));
        file.Close();
        file.Close();
        file.Dispose();
        Assert.Throws<FileSystemException>(() => file.Read(new byte[1], 0));
        Assert.Throws<FileSystemException>(() => file.Write(new byte[1], 0));
        Assert.Throws<FileSystemException>(file.Sync);
    }

    [Fact]
    public void A_lock_is_held_by_one_open_file_at_a_time()
    {
        using var first = Files.Create(_scratch.Combine("file"));
        using var second = Files.OpenWrite(_scratch.Combine("file"));
        Assert.True(first.TryLock());
        Assert.True(first.TryLock());
        Assert.False(second.TryLock());
        first.Close();
        Assert.True(second.TryLock());
    }

    [Fact]
    public void A_rename_replaces_and_a_link_does_not()
    {
        Write("a", "a"u8);
        Write("b", "bb"u8);
        var failure = Fails(Errno.Exists, () => Files.Link(_scratch.Combine("a"), _scratch.Combine("b")));
        Assert.True(failure.Exists);
        Assert.Equal(2, Files.Stat(_scratch.Combine("b"))?.Size);
        Files.Rename(_scratch.Combine("a"), _scratch.Combine("b"));
        Assert.Equal(1, Files.Stat(_scratch.Combine("b"))?.Size);
        Assert.Null(Files.Stat(_scratch.Combine("a")));
    }

    [Fact]
    public void Failures_carry_their_errno_and_what_to_do()
    {
        Write("file", ""u8);
        Files.CreateDirectory(_scratch.Combine("directory"));
        Files.CreateSymbolicLink("file", _scratch.Combine("link"));
        var (file, none) = (_scratch.Combine("file"), _scratch.Combine("none"));
        var missing = Fails(Errno.NoEntry, () => Files.OpenRead(none));
        Assert.Equal((ErrorCode.NotFound, true), (missing.Code, missing.IsMissing));
        Assert.Contains("errno 2", missing.Message, StringComparison.Ordinal);
        Assert.Contains(none, missing.Message, StringComparison.Ordinal);
        Assert.NotEmpty(missing.Failure.Hint);
        Fails(Errno.NoEntry, () => Files.OpenWrite(none));
        Fails(Errno.NoEntry, () => Files.Create(none + "/below"));
        Fails(Errno.Exists, () => Files.Create(file));
        Fails(Errno.Exists, () => Files.Create(_scratch.Combine("link")));
        Fails(Errno.Loop, () => Files.OpenWrite(_scratch.Combine("link")));
        Fails(Errno.IsDirectory, () => Files.OpenWrite(_scratch.Combine("directory")));
        Fails(Errno.NoEntry, () => Files.List(none));
        Fails(Errno.NotDirectory, () => Files.List(file));
        Fails(Errno.Exists, () => Files.CreateDirectory(_scratch.Combine("directory")));
        Fails(Errno.NoEntry, () => Files.CreateDirectory(none + "/below"));
        Fails(Errno.NoEntry, () => Files.Rename(none, file));
        Fails(Errno.IsDirectory, () => Files.Rename(file, _scratch.Combine("directory")));
        Fails(Errno.NoEntry, () => Files.Delete(none));
        Fails(Errno.IsDirectory, () => Files.Delete(_scratch.Combine("directory")));
        Fails(Errno.NotEmpty, () => Files.DeleteDirectory(_scratch.Path));
        Fails(Errno.Exists, () => Files.CreateSymbolicLink("x", file));
        Fails(Errno.Invalid, () => Files.ReadSymbolicLink(file));
        Fails(Errno.NotDirectory, () => Files.SyncDirectory(file));
        Fails(Errno.NoEntry, () => Files.SetMode(none, 0x180));
        Fails(Errno.NoEntry, () => Files.SetOwner(none, 0, 0));
        Fails(Errno.NoEntry, () => Files.SetModifiedTime(none, 0));
        Fails(Errno.NoEntry, () => Files.Space(none));
        Fails(Errno.NoEntry, () => Files.RealPath(none));
        Fails(Errno.NameTooLong, () => Files.Create(_scratch.Combine(new string('x', 256))));
    }

    [Fact]
    public void A_path_with_a_nul_never_reaches_the_kernel()
    {
        Write("a", ""u8);
        Assert.Throws<ArgumentException>(() => Files.Delete(_scratch.Combine("a\0b")));
        Assert.NotNull(Files.Stat(_scratch.Combine("a")));
    }

    [Fact]
    public void Modes_are_those_asked_for()
    {
        Files.Create(_scratch.Combine("file")).Dispose();
        Files.Create(_scratch.Combine("private"), 0x100 /* 0400 */).Dispose();
        Files.CreateDirectory(_scratch.Combine("directory"));
        Assert.Equal(0x180, Files.Stat(_scratch.Combine("file"))?.Mode);
        Assert.Equal(0x100, Files.Stat(_scratch.Combine("private"))?.Mode);
        Assert.Equal(0x1C0, Files.Stat(_scratch.Combine("directory"))?.Mode);
    }

    [Fact]
    public void Space_is_what_the_file_system_has()
    {
        var space = Files.Space(_scratch.Path);
        Assert.InRange(space.Free, 1, space.Total);
    }

    [Fact]
    public void Every_error_kind_has_a_code_for_the_user()
    {
        Assert.Equal(ErrorCode.NoSpace, new FileSystemException(Errno.NoSpace, "write", "x").Code);
        Assert.Equal(ErrorCode.NoSpace, new FileSystemException(Errno.Quota, "write", "x").Code);
        Assert.Equal(ErrorCode.Denied, new FileSystemException(Errno.Access, "open", "x").Code);
        Assert.Equal(ErrorCode.Denied, new FileSystemException(Errno.ReadOnly, "open", "x").Code);
        Assert.Equal(ErrorCode.StoreUnavailable, new FileSystemException(Errno.Io, "read", "x").Code);
        Assert.True(new FileSystemException(Errno.Stale, "read", "x").Failure.Transient);
        Assert.False(new FileSystemException(Errno.Io, "read", "x").Failure.Transient);
    }

    private static FileSystemException Fails(int errno, Action call)
    {
        var failure = Assert.Throws<FileSystemException>(call);
        Assert.Equal(errno, failure.Errno);
        return failure;
    }

    private void UseName(string name)
    {
        Write(name, "content"u8);
        Assert.Equal([new DirectoryEntry(name, FileKind.Regular)], Files.List(_scratch.Path));
        Assert.Equal(7, Files.Stat(_scratch.Combine(name))?.Size);
        Files.Rename(_scratch.Combine(name), _scratch.Combine(name + "2"));
        using (var file = Files.OpenRead(_scratch.Combine(name + "2")))
        {
            var buffer = new byte[7];
            Assert.Equal(7, file.Read(buffer, 0));
            Assert.Equal("content"u8.ToArray(), buffer);
        }

        Files.CreateSymbolicLink(name, _scratch.Combine("link"));
        Assert.Equal(name, Files.ReadSymbolicLink(_scratch.Combine("link")));
        Files.Delete(_scratch.Combine(name + "2"));
        Assert.Null(Files.Stat(_scratch.Combine(name + "2")));
    }

    private void Write(string name, ReadOnlySpan<byte> content)
    {
        using var file = Files.Create(_scratch.Combine(name));
        file.Write(content, 0);
    }
}
