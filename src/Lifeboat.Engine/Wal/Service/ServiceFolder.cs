using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// The service's folder, held for one service by a lock that dies with its process. Taking it removes whatever a killed
/// service left.
/// </summary>
public sealed class ServiceFolder : IDisposable
{
    private const int OthersMask = 0x3F; // 0077

    private readonly IFileSystem _files;
    private readonly IFile _lock;

    private ServiceFolder(IFileSystem files, ServicePlaces places, IFile held)
    {
        _files = files;
        _lock = held;
        Places = places;
    }

    public ServicePlaces Places { get; }

    /// <exception cref="LifeboatException">
    /// NotFound: no data directory. Denied: it belongs to another user. Conflict: another service has it.
    /// </exception>
    public static ServiceFolder Take(IFileSystem files, ServicePlaces places)
    {
        if (!ServerDirectory.IsOne(files, places.DataDirectory))
        {
            throw Refused(
                ErrorCode.NotFound, places, "it holds no pg_control, so it is no data directory", "Check --cluster-dir.");
        }

        if (files.StatTarget(places.DataDirectory) is not { } directory
            || directory.Owner != PosixFileSystem.EffectiveUser)
        {
            throw Refused(
                ErrorCode.Denied,
                places,
                "it belongs to another user, and what this user shows the server could not be read there",
                "Run 'lifeboat serve' as the user who runs the server: sudo -u postgres, or User=postgres.");
        }

        CreateFolder(files, places);
        var held = OpenLock(files, places.Lock);
        if (!held.TryLock())
        {
            held.Dispose();
            throw Refused(
                ErrorCode.Conflict,
                places,
                "another 'lifeboat serve' serves this data directory",
                "One is enough. 'lifeboat serve' of another cluster has another --cluster-dir.");
        }

        var folder = new ServiceFolder(files, places, held);
        folder.Clean();
        return folder;
    }

    /// <summary>Whether the folder is still where it was: a restore in place takes it away with everything else.</summary>
    public bool IsInPlace() =>
        _files.Stat(Places.Lock) is { } found && IsSame(found, _lock.Status());

    /// <summary>Removes everything that vouches for something, the first of it in the way that makes the rest void.</summary>
    internal void Clean()
    {
        Remove(_files, Places.Lineage);
        Remove(_files, Places.Repository);
        Remove(_files, Places.Token);
        Remove(_files, Places.Failing);
        foreach (var entry in _files.List(Places.Folder))
        {
            if (entry.Kind == FileKind.Directory
                && (entry.Name.StartsWith(ServicePlaces.PushPrefix, StringComparison.Ordinal)
                    || entry.Name.StartsWith(ServicePlaces.FetchPrefix, StringComparison.Ordinal)))
            {
                Empty(PosixPath.Combine(Places.Folder, entry.Name));
            }
        }
    }

    public void Dispose()
    {
        if (IsInPlace())
        {
            Clean();
            Remove(_files, Places.Socket);
        }

        _lock.Dispose();
    }

    internal static bool IsSame(FileStatus one, FileStatus other) =>
        one.Device == other.Device && one.Inode == other.Inode;

    /// <summary>Removes a name; one that is not there is no error.</summary>
    internal static void Remove(IFileSystem files, string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
        }
    }

    private static void CreateFolder(IFileSystem files, ServicePlaces places)
    {
        try
        {
            files.CreateDirectory(places.Folder);
        }
        catch (FileSystemException failure) when (failure.Exists)
        {
            if (files.Stat(places.Folder) is not { Kind: FileKind.Directory } found
                || found.Owner != PosixFileSystem.EffectiveUser)
            {
                throw Refused(
                    ErrorCode.Denied,
                    places,
                    $"{PosixPath.Display(places.Folder)} is no directory of this user",
                    "Find out who made it, and remove it.");
            }

            if ((found.Mode & OthersMask) != 0)
            {
                files.SetMode(places.Folder, 0x1C0);
            }
        }
    }

    private static IFile OpenLock(IFileSystem files, string path)
    {
        try
        {
            return files.Create(path);
        }
        catch (FileSystemException failure) when (failure.Exists)
        {
            return files.OpenWrite(path);
        }
    }

    private void Empty(string directory)
    {
        foreach (var entry in _files.List(directory))
        {
            if (entry.Kind != FileKind.Directory)
            {
                Remove(_files, PosixPath.Combine(directory, entry.Name));
            }
        }

        try
        {
            _files.DeleteDirectory(directory);
        }
        catch (FileSystemException failure) when (failure.Errno == Errno.NotEmpty)
        {
            // Something of somebody else's is in it.
        }
    }

    private static LifeboatException Refused(ErrorCode code, ServicePlaces places, string cause, string hint) =>
        new(new Failure(code, "serve", PosixPath.Display(places.DataDirectory), cause, Hint: hint));
}
