namespace Lifeboat.Engine.Restore.Delta;

/// <summary>What a restore into a directory that holds the cluster already does with what is there.</summary>
/// <param name="Compared">
/// Files that stay and are compared page by page, with their lengths; paths relative to the data directory.
/// </param>
/// <param name="Directories">Directories that stay.</param>
/// <param name="Links">Links of tablespaces that stay, and what is in these tablespaces with them.</param>
/// <param name="Removed">
/// What does not belong to the backup, each directory behind what is in it; paths relative to the data directory.
/// </param>
/// <param name="Wal">Files of pg_wal, which are kept in <see cref="WalFolder"/>.</param>
/// <param name="WalFolder">Relative to the data directory; null when there is no WAL to keep.</param>
public sealed record DeltaPlan(
    IReadOnlyDictionary<string, long> Compared,
    IReadOnlySet<string> Directories,
    IReadOnlySet<string> Links,
    IReadOnlyList<DeltaRemoval> Removed,
    IReadOnlyList<string> Wal,
    string? WalFolder)
{
    /// <summary>What a person should know of: without what is made anew.</summary>
    public IReadOnlyList<DeltaRemoval> Lost { get; } = [.. Removed.Where(removal => !removal.IsMadeAnew)];
}

/// <param name="Path">Relative to the data directory.</param>
/// <param name="IsMadeAnew">The restore makes a file of this name: nothing of the user's goes.</param>
public readonly record struct DeltaRemoval(string Path, bool IsDirectory, bool IsMadeAnew);
