namespace Lifeboat.Platform.Errors;

/// <summary>What went wrong, as a closed set. <see cref="ExitCodes"/> maps each to the exit code of the program.</summary>
public enum ErrorCode
{
    /// <summary>A failure that no other code describes more exactly.</summary>
    Failed,

    /// <summary>The command line, the environment or the configuration file does not make sense.</summary>
    Usage,

    /// <summary>What was asked for does not exist: a repository, a cluster, a backup, a segment.</summary>
    NotFound,

    /// <summary>Stored bytes are not what was written: flipped, cut, swapped or missing.</summary>
    Damaged,

    /// <summary>The key or passphrase given does not open the repository, or none was given.</summary>
    WrongKey,

    /// <summary>The object store or file system did not do what it was asked, for now.</summary>
    StoreUnavailable,

    /// <summary>No space is left where something has to be written.</summary>
    NoSpace,

    /// <summary>The PostgreSQL server cannot be reached or ended the session.</summary>
    ServerUnavailable,

    /// <summary>The operating system, the store or the server refused for lack of rights.</summary>
    Denied,

    /// <summary>Two things that must belong together do not: another server, cluster, version or repository.</summary>
    Mismatch,

    /// <summary>The recovery target cannot be reached with what is archived.</summary>
    TargetUnreachable,

    /// <summary>The place to restore to is already in use.</summary>
    TargetNotEmpty,

    /// <summary>Another content is already stored under this name, or another server holds the claim.</summary>
    Conflict,

    /// <summary>The WAL that a backup needs did not arrive in time.</summary>
    WalMissing,

    /// <summary>The repository was written by a newer version or with features that this version does not know.</summary>
    UnknownFormat,

    /// <summary>What was to be locked is not, or its lock gave way.</summary>
    NotImmutable,

    /// <summary>The user or the system asked to stop.</summary>
    Cancelled,
}
