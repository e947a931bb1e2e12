using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// A place that a restore fills: it must not exist or be empty, besides what a restore that was interrupted left there,
/// which is known by a mark of its own.
/// </summary>
internal static class RestoreDirectory
{
    /// <summary>Exists from the first moment of a restore to the last but one.</summary>
    internal const string Mark = "lifeboat.restoring";

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
        return names.Count == 0 || names.Any(entry => entry.Name == Mark)
            ? absolute
            : throw NotEmpty(absolute, $"the {what} is not empty: it holds {PosixPath.Display(names[0].Name)}"
                + (names.Count > 1 ? $" and {names.Count - 1} more" : ""));
    }

    /// <summary>Makes the directory and its parents, empties it of an interrupted restore's remains, and marks it.</summary>
    /// <returns>The directories that were made, in the order of their making.</returns>
    internal static List<string> Begin(IFileSystem files, string path)
    {
        var made = new List<string>();
        MakeWithParents(files, path, made);
        var mark = PosixPath.Combine(path, Mark);
        if (files.Stat(mark) is not null)
        {
            Empty(files, path, keep: Mark);
            return made;
        }

        using var file = files.Create(mark);
        file.Close();
        files.SyncDirectory(path);
        return made;
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

    private static void MakeWithParents(IFileSystem files, string path, List<string> made)
    {
        if (files.StatTarget(path) is not null)
        {
            return;
        }

        var parent = PosixPath.Parent(path);
        MakeWithParents(files, parent, made);
        files.CreateDirectory(path);
        files.SyncDirectory(parent);
        made.Add(path);
    }

    private static LifeboatException NotEmpty(string path, string cause) => new(new Failure(
        ErrorCode.TargetNotEmpty,
        "plan the restore",
        PosixPath.Display(path),
        cause,
        Hint: "Give a directory that does not exist or is empty; nothing was changed there."));
}
