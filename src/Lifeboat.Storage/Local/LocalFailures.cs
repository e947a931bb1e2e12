using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>The failures of a local store that say more than an <c>errno</c>.</summary>
internal static class LocalFailures
{
    internal static ObjectStoreException Unavailable(string root, string cause, Exception? inner = null) => new(
        new Failure(
            ErrorCode.StoreUnavailable,
            "use the repository's directory",
            PosixPath.Display(root),
            cause,
            Transient: true,
            "Mount the file system that holds the repository, or correct its path; "
                + "'lifeboat init' makes a new repository."),
        inner);

    internal static ObjectStoreException Link(string path) => new(
        new Failure(
            ErrorCode.Denied,
            "use the repository's directory",
            PosixPath.Display(path),
            "this is neither a regular file nor a directory, and nothing else is followed inside a repository",
            Hint: "Put the directory or file itself there instead of a link to it, or mount its file system there."));

    internal static ObjectStoreException BelowAnObject(string name, string component) => new(
        new Failure(
            ErrorCode.Conflict,
            "write to the repository",
            name,
            $"'{component}' is an object, so nothing can be stored below it",
            Hint: "Give the directory a repository of its own: something else has written there."));

    internal static ObjectStoreException AboveObjects(ObjectName name) => new(
        new Failure(
            ErrorCode.Conflict,
            "write to the repository",
            name.Value,
            "there is a directory of this name, so it cannot be an object",
            Hint: "Give the directory a repository of its own: something else has written there."));

    internal static ObjectStoreException Busy(string subject, string cause) => new(
        new Failure(
            ErrorCode.StoreUnavailable,
            "use the repository's directory",
            subject,
            cause,
            Transient: true,
            "Run the same command again."));

    internal static ObjectStoreException NoAtomicCreate(ObjectName name, Exception inner) => new(
        new Failure(
            ErrorCode.StoreUnavailable,
            "create an object in the repository",
            name.Value,
            "this file system has neither hard links nor locks, so two writers could overwrite each other",
            Hint: "Mount it with locking (NFS: without 'nolock'), or keep the repository on another file system."),
        inner);
}
