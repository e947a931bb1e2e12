using System.Security.Cryptography;
using System.Text;
using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>Gives a temporary file, whose content is synced, its final name: whole, once, durably.</summary>
/// <remarks>
/// <para>IfAbsent: link(2), which fails when the name exists and is atomic among all writers, on NFS too.</para>
/// <para>Where the file system has no hard links (EPERM, ENOTSUP, ENOSYS; some FUSE and SMB mounts): a claim file in
/// <c>.tmp</c>, named by a hash of the object's name and locked with flock(2), lets one writer at a time look and
/// rename. Rename keeps "whole or none"; the lock keeps "if absent" among Lifeboat's own writers, dies with its holder, and
/// what a dead holder leaves is swept as any temporary file. A mount without hard links and without locks is
/// refused.</para>
/// <para>Overwrite: rename(2).</para>
/// </remarks>
internal sealed class LocalPublisher
{
    private const int MaximumAttempts = 16;

    private readonly IFileSystem _files;
    private readonly LocalDirectories _directories;
    private readonly Lock _renaming = new();

    internal LocalPublisher(IFileSystem files, LocalDirectories directories)
    {
        _files = files;
        _directories = directories;
    }

    internal PutOutcome Publish(TemporaryFile file, ObjectName name, PutCondition condition)
    {
        try
        {
            _directories.Ensure(name);
            return PublishInto(file, name, condition);
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
            // Somebody removed a directory that was known, or the temporary file, or the whole store.
            _directories.Forget();
            _directories.RequirePresent();
            _directories.Ensure(name);
            return PublishInto(file, name, condition);
        }
    }

    /// <summary>
    /// If the object exists makes sure that it is durable and says true: the writer that made it may have died, or be
    /// still at work, between giving the name and syncing it.
    /// </summary>
    internal bool Settle(ObjectName name)
    {
        var path = _directories.PathOf(name);
        switch (_files.Stat(path)?.Kind)
        {
            case null:
                return false;
            case FileKind.Directory:
                throw LocalFailures.AboveObjects(name);
            case FileKind.Regular:
                break;
            default:
                throw LocalFailures.Link(path);
        }

        _directories.Ensure(name);
        try
        {
            using var file = _files.OpenRead(path);
            file.Sync();
            file.Close();
        }
        catch (FileSystemException failure) when (failure.Errno == Errno.NoEntry)
        {
            return false;
        }

        _files.SyncDirectory(PosixPath.Parent(path));
        return true;
    }

    private PutOutcome PublishInto(TemporaryFile file, ObjectName name, PutCondition condition)
    {
        var path = _directories.PathOf(name);
        if (condition == PutCondition.Overwrite)
        {
            return Rename(file, name, path);
        }

        for (var attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            try
            {
                _files.Link(file.Path, path);
                _files.SyncDirectory(PosixPath.Parent(path));
                return PutOutcome.Created;
            }
            catch (FileSystemException failure) when (failure.Exists)
            {
                if (Settle(name))
                {
                    return PutOutcome.AlreadyExists;
                }
            }
            catch (FileSystemException failure) when (IsWithoutHardLinks(failure))
            {
                return RenameUnderClaim(file, name, path);
            }
        }

        throw LocalFailures.Busy(name.Value, "the object came and went while it was being created");
    }

    private PutOutcome Rename(TemporaryFile file, ObjectName name, string path)
    {
        try
        {
            _files.Rename(file.Path, path);
        }
        catch (FileSystemException failure) when (failure.Errno is Errno.IsDirectory)
        {
            throw LocalFailures.AboveObjects(name);
        }

        file.NameHasMoved();
        _files.SyncDirectory(PosixPath.Parent(path));
        return PutOutcome.Created;
    }

    private PutOutcome RenameUnderClaim(TemporaryFile file, ObjectName name, string path)
    {
        lock (_renaming)
        {
            using var claim = TakeClaim(name);
            var outcome = Settle(name) ? PutOutcome.AlreadyExists : Rename(file, name, path);
            _files.Delete(claim.Path);
            return outcome;
        }
    }

    private IFile TakeClaim(ObjectName name)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(name.Value)).AsSpan(0, 16));
        var path = PosixPath.Combine(_directories.Temporary, $"claim-{hash}");
        for (var attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            var claim = CreateOrOpen(path);
            try
            {
                if (claim is not null && FileClaim.TryTake(_files, claim))
                {
                    return claim;
                }
            }
            catch (FileSystemException failure)
            {
                claim?.Dispose();
                throw FileClaim.IsUnsupported(failure) ? LocalFailures.NoAtomicCreate(name, failure) : failure;
            }

            claim?.Dispose();
        }

        throw LocalFailures.Busy(name.Value, "another writer is creating the same object");
    }

    private IFile? CreateOrOpen(string path)
    {
        try
        {
            return _files.Create(path);
        }
        catch (FileSystemException failure) when (failure.Exists)
        {
            try
            {
                return _files.OpenWrite(path);
            }
            catch (FileSystemException gone) when (gone.Errno == Errno.NoEntry)
            {
                return null;
            }
        }
    }

    private static bool IsWithoutHardLinks(FileSystemException failure) => failure.Errno
        is Errno.NotPermitted or Errno.NotSupported or Errno.NotImplemented or Errno.TooManyLinks;
}
