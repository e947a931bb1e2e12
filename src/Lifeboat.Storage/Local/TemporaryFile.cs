using System.Security.Cryptography;
using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>
/// The file of an object that is still being written: a random name in the store's <c>.tmp</c> directory.
/// </summary>
/// <remarks>
/// It is open twice. The first descriptor holds the lock that tells a sweeper "this writer lives" until the object has its
/// final name; the second carries the content and is closed before that, since an error of close(2) must be known
/// before the object can be seen. Safety never rests on the lock: a writer whose temporary name was taken away
/// fails, it does not publish something else.
/// </remarks>
internal sealed class TemporaryFile : IDisposable
{
    private const int MaximumAttempts = 16;

    private readonly IFileSystem _files;
    private readonly IFile _claim;
    private bool _named = true;

    private TemporaryFile(IFileSystem files, IFile claim, IFile content)
    {
        _files = files;
        _claim = claim;
        Content = content;
    }

    internal string Path => _claim.Path;

    internal IFile Content { get; }

    internal static TemporaryFile Create(IFileSystem files, string directory)
    {
        for (var attempt = 1; ; attempt++)
        {
            var path = PosixPath.Combine(directory, RandomNumberGenerator.GetHexString(32, lowercase: true));
            var claim = files.Create(path);
            try
            {
                if (TryClaim(files, claim))
                {
                    return new TemporaryFile(files, claim, files.OpenWrite(path));
                }

                // A sweeper saw the name before the lock was on it, and removes it.
                claim.Dispose();
            }
            catch
            {
                claim.Dispose();
                TryDelete(files, path);
                throw;
            }

            if (attempt == MaximumAttempts)
            {
                throw new FileSystemException(Errno.Again, "lock a new temporary file", path);
            }
        }
    }

    /// <summary>Tells that the name went over to the object by a rename, so that disposal leaves it alone.</summary>
    internal void NameHasMoved() => _named = false;

    public void Dispose()
    {
        Content.Dispose();
        if (_named)
        {
            _named = false;
            TryDelete(_files, Path);
        }

        _claim.Dispose();
    }

    private static bool TryClaim(IFileSystem files, IFile claim)
    {
        try
        {
            return FileClaim.TryTake(files, claim);
        }
        catch (FileSystemException failure) when (FileClaim.IsUnsupported(failure))
        {
            // A sweeper on this mount cannot take a lock either, and then spares everything.
            return true;
        }
    }

    private static void TryDelete(IFileSystem files, string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (FileSystemException)
        {
            // What stays behind can never be seen as an object, and the next sweep removes it.
        }
    }
}
