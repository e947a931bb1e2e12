namespace Lifeboat.Testing.Files;

/// <summary>One kind per call of <c>IFileSystem</c> and <c>IFile</c> that can fail.</summary>
public enum FileOperation
{
    OpenRead,
    OpenWrite,
    Create,
    Stat,
    StatTarget,
    List,
    CreateDirectory,
    Link,
    Rename,
    Delete,
    DeleteDirectory,
    CreateSymbolicLink,
    ReadSymbolicLink,
    SyncDirectory,
    SetMode,
    SetOwner,
    SetModifiedTime,
    Space,
    RealPath,
    Read,
    Write,
    SetLength,
    Sync,
    Status,
    TryLock,
    Close,
}

/// <summary>When a planned fault strikes.</summary>
public enum FaultMoment
{
    /// <summary>
    /// Nothing has happened; but a write has put the first half of its bytes there, and a close has closed.
    /// </summary>
    Before,

    /// <summary>All has happened, and the caller is told that it failed.</summary>
    After,
}

/// <summary>Which operation fails, how.</summary>
/// <param name="At">The number of the operation among those that <paramref name="Concerns"/> holds for, from 1.</param>
/// <param name="Errno">What it fails with.</param>
/// <param name="ForGood">Whether every later one fails too, as on a disk that died or after the power went.</param>
/// <param name="Concerns">Which operations count and can fail; all when null.</param>
public sealed record FileFault(
    long At,
    int Errno,
    bool ForGood = false,
    FaultMoment Moment = FaultMoment.Before,
    Func<FileOperation, string, bool>? Concerns = null);
