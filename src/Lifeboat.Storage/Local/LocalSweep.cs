using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>Removes the temporary files whose writers no longer live, which is: whose lock can be taken.</summary>
internal static class LocalSweep
{
    internal static int Run(IFileSystem files, string directory, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var entry in files.List(directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.Kind == FileKind.Regular && TryRemove(files, PosixPath.Combine(directory, entry.Name)))
            {
                removed++;
            }
        }

        return removed;
    }

    private static bool TryRemove(IFileSystem files, string path)
    {
        try
        {
            using var file = files.OpenWrite(path);
            if (!FileClaim.TryTake(files, file))
            {
                return false;
            }

            files.Delete(path);
            return true;
        }
        catch (FileSystemException failure) when (failure.IsMissing || FileClaim.IsUnsupported(failure))
        {
            // Completed or disposed meanwhile; or a mount without locks, where nobody can be known to be dead.
            return false;
        }
    }
}
