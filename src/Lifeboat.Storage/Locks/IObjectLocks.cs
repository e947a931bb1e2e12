namespace Lifeboat.Storage.Locks;

/// <summary>What can be done with locks in a repository whose objects are locked.</summary>
public interface IObjectLocks
{
    LockTerms Terms { get; }

    /// <summary>The store below, in which each version is itself: for checks of the locks. Nothing is repeated.</summary>
    ILockableStore Versions { get; }

    /// <summary>Whether an object of this name is locked at all: leases and other housekeeping never are.</summary>
    bool Covers(ObjectName name);

    /// <summary>How a version is locked; null when it never was.</summary>
    ValueTask<ObjectRetention?> ReadAsync(ObjectVersion version, CancellationToken cancellationToken);

    /// <summary>Locks a version for at least so long; to lock it for longer than it is never fails.</summary>
    ValueTask ExtendAsync(ObjectVersion version, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>
    /// Until when an object cannot be deleted: the latest end of the locks of its versions, which asks the store for each. Null
    /// when none is locked now.
    /// </summary>
    ValueTask<DateTimeOffset?> LockedUntilAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// Removes for good what nobody is shown: versions of housekeeping that was deleted, by whom the right to remove them lacked or
    /// who died before, and deletion markers of names that have nothing else.
    /// </summary>
    /// <param name="prefix">Of the names.</param>
    /// <param name="before">By the store's clock: what was deleted later is left.</param>
    /// <returns>Versions and markers that were removed; what is locked, or may not be removed, is left.</returns>
    ValueTask<long> ClearAsync(string prefix, DateTimeOffset before, CancellationToken cancellationToken);
}
