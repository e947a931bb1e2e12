using System.Globalization;
using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>
/// Marks a data directory that is being restored in place, from before its pg_control is taken away until a new one is
/// durable, and says whose it is meanwhile. Other restores take such a directory for one that is not empty: nothing but
/// a restore in place goes on in it.
/// </summary>
internal static class DeltaMark
{
    internal const string Name = CopyRules.RestoreMark + "-in-place";

    private const int MostBytes = 4096;

    /// <summary>The system identifier in the mark; null when there is none.</summary>
    /// <exception cref="LifeboatException">Damaged: it is no mark.</exception>
    internal static ulong? Read(IFileSystem files, string root)
    {
        var path = PosixPath.Combine(root, Name);
        if (files.Stat(path) is null)
        {
            return null;
        }

        var text = PosixPath.Decode(WholeFile.Read(files, path, MostBytes)).Trim();
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var identifier)
            ? identifier
            : throw new LifeboatException(new Failure(
                ErrorCode.Damaged,
                "plan the restore",
                PosixPath.Display(path),
                "it does not say whose data directory this is",
                Hint: "Restore to an empty directory."));
    }

    /// <summary>Puts the mark, durably, and holds it against a second restore until it is disposed.</summary>
    /// <exception cref="LifeboatException">Conflict: another restore works here.</exception>
    internal static IFile Take(IFileSystem files, string root, ulong systemIdentifier)
    {
        var path = PosixPath.Combine(root, Name);
        if (files.Stat(path) is null)
        {
            WholeFile.Replace(files, path, PosixPath.Encode($"{systemIdentifier}\n"));
        }

        var mark = files.OpenWrite(path);
        try
        {
            return mark.TryLock()
                ? mark
                : throw new LifeboatException(new Failure(
                    ErrorCode.Conflict,
                    "restore in place",
                    PosixPath.Display(root),
                    "another restore works in this directory",
                    Hint: "Wait until it has ended."));
        }
        catch
        {
            mark.Dispose();
            throw;
        }
    }

    internal static void Remove(IFileSystem files, string root)
    {
        files.Delete(PosixPath.Combine(root, Name));
        files.SyncDirectory(root);
    }
}
