using Lifeboat.Engine.Files;
using Lifeboat.Engine.Restore.Delta;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// A place that a restore fills: it must not exist or be empty, besides what a restore that was interrupted left there,
/// which is known by a mark of its own.
/// </summary>
/// <remarks>
/// The mark of the data directory is there from before anything is written until pg_control is durable; so are those of
/// the tablespaces, which name that data directory and are removed behind its own. A tablespace's mark alone, left by a
/// crash at the very end, therefore marks nothing: its cluster is whole.
/// </remarks>
internal static class RestoreDirectory
{
    internal const string Mark = CopyRules.RestoreMark;

    private const int MostMarkBytes = 64 << 10;

    /// <summary>The absolute path, once it is known that a restore may use it.</summary>
    internal static string Check(IFileSystem files, string path, string what)
    {
        var absolute = System.IO.Path.GetFullPath(path);
        switch (files.StatTarget(absolute))
        {
            case null:
                return absolute;
            case { Kind: not FileKind.Directory }:
                throw NotEmpty(absolute, $"it is a file, and a {what} is needed");
        }

        var names = files.List(absolute);
        return names.Count == 0 || IsInterrupted(files, absolute)
            ? absolute
            : throw NotEmpty(absolute, $"the {what} is not empty: it holds {PosixPath.Display(names[0].Name)}"
                + (names.Count > 1 ? $" and {names.Count - 1} more" : ""));
    }

    /// <summary>
    /// Makes the directory and its parents, empties it of an interrupted restore's remains, and marks it.
    /// </summary>
    /// <param name="root">The data directory that is restored: the path itself, or a tablespace's is given.</param>
    /// <returns>The directories that were made, in the order of their making.</returns>
    internal static List<string> Begin(IFileSystem files, string path, string root)
    {
        var made = new List<string>();
        MakeWithParents(files, path, made);
        var mark = PosixPath.Combine(path, Mark);
        if (files.Stat(mark) is not null)
        {
            // The cluster's own mark outlives everything that it stands for.
            Empty(files, path, keep: Mark);
        }

        if (files.Stat(mark) is null || RootOf(files, path) != root)
        {
            WriteMark(files, path, root);
        }

        return made;
    }

    /// <summary>Removes the mark, durably.</summary>
    internal static void End(IFileSystem files, string path)
    {
        files.Delete(PosixPath.Combine(path, Mark));
        files.SyncDirectory(path);
    }

    /// <summary>Removes everything in a directory, never following a link.</summary>
    /// <param name="keep">A name in the directory itself that stays.</param>
    internal static void Empty(IFileSystem files, string path, string? keep)
    {
        foreach (var entry in files.List(path).Where(entry => entry.Name != keep))
        {
            var name = PosixPath.Combine(path, entry.Name);
            if (entry.Kind == FileKind.Directory)
            {
                Empty(files, name, keep: null);
                files.DeleteDirectory(name);
            }
            else
            {
                files.Delete(name);
            }
        }
    }

    private static bool IsInterrupted(IFileSystem files, string path)
    {
        if (files.Stat(PosixPath.Combine(path, Mark)) is null)
        {
            return false;
        }

        var root = RootOf(files, path);
        if (root is not null && root != path)
        {
            return files.Stat(PosixPath.Combine(root, DeltaMark.Name)) is not null
                || (files.Stat(PosixPath.Combine(root, Mark)) is not null && IsInterrupted(files, root));
        }

        // Between pg_control and the mark's end the cluster is whole, but nobody was told so; once it has been started,
        // which takes backup_label away, it is somebody's.
        return files.Stat(PosixPath.Combine(path, ControlFile.Path)) is null
            || files.Stat(PosixPath.Combine(path, BackupLabel.FileName)) is not null;
    }

    private static void WriteMark(IFileSystem files, string path, string root)
    {
        var mark = PosixPath.Combine(path, Mark);
        if (files.Stat(mark) is not null)
        {
            files.Delete(mark);
        }

        using var file = files.Create(mark);
        file.Write(PosixPath.Encode(root + "\n"), 0);
        file.Sync();
        file.Close();
        files.SyncDirectory(path);
    }

    /// <summary>The data directory that the mark names; null when the restore ended before that was written.</summary>
    private static string? RootOf(IFileSystem files, string path)
    {
        var content = WholeFile.Read(files, PosixPath.Combine(path, Mark), MostMarkBytes);
        return content is [.. var root, (byte)'\n'] ? PosixPath.Decode(root) : null;
    }

    private static void MakeWithParents(IFileSystem files, string path, List<string> made)
    {
        var parent = PosixPath.Parent(path);
        if (files.StatTarget(path) is not null)
        {
            // A restore that died may have made it and no more: nothing may rest on a directory that the power can take.
            SyncIfReadable(files, parent);
            return;
        }

        MakeWithParents(files, parent, made);
        files.CreateDirectory(path);
        files.SyncDirectory(parent);
        made.Add(path);
    }

    private static void SyncIfReadable(IFileSystem files, string directory)
    {
        try
        {
            files.SyncDirectory(directory);
        }
        catch (FileSystemException refused) when (refused.Code == ErrorCode.Denied)
        {
            // Whoever may not read it has not made anything in it either, and did not in a run before.
        }
    }

    private static LifeboatException NotEmpty(string path, string cause) => new(new Failure(
        ErrorCode.TargetNotEmpty,
        "plan the restore",
        PosixPath.Display(path),
        cause,
        Hint: "Give a directory that does not exist or is empty; nothing was changed there."));
}
