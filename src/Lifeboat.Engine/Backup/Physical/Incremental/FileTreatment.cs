using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>How an incremental backup takes a file.</summary>
internal enum FileTreatment
{
    /// <summary>Read and stored whole; nothing of the parent's counts.</summary>
    Anew,

    /// <summary>Read whole; what has another tag than in the parent is stored.</summary>
    Compare,

    /// <summary>Only the listed blocks are read, and those behind the parent's end.</summary>
    Listed,

    /// <summary>Not read: its content is the parent's.</summary>
    Unchanged,
}

/// <summary>How a file is taken.</summary>
/// <param name="FirstBlock">The first block of the file within its relation's fork.</param>
/// <param name="Changes">What the WAL says of the fork; null for nothing.</param>
internal readonly record struct FileDecision(FileTreatment Treatment, uint FirstBlock = 0, ForkChanges? Changes = null);
