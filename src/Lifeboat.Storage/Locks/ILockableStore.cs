namespace Lifeboat.Storage.Locks;

/// <summary>
/// A store that keeps every version of an object and can lock each until a time. Nothing here decides what is locked:
/// <see cref="LockedStore"/> does. The plain members of <see cref="IObjectStore"/> show the newest version.
/// </summary>
public interface ILockableStore : IObjectStore
{
    /// <summary>As <see cref="IObjectStore.PutAsync"/>; the version that is made is locked from its first moment on.</summary>
    ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention retention,
        CancellationToken cancellationToken);

    /// <summary>As <see cref="IObjectStore.CreateAsync"/>; the version that is made is locked from its first moment on.</summary>
    ValueTask<IObjectWriter> CreateAsync(
        ObjectName name, ObjectRetention retention, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="IObjectStore.ListChildrenAsync"/> of all names that have any version, a deletion marker in front or not.
    /// </summary>
    ValueTask<IReadOnlyList<string>> ListChildrenOfVersionsAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>How a version is locked; null when it never was.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such version, or it is a deletion marker.</exception>
    ValueTask<ObjectRetention?> ReadRetentionAsync(ObjectVersion version, CancellationToken cancellationToken);

    /// <summary>Locks a version. To lock it for longer is always allowed.</summary>
    /// <param name="bypass">Ask for the right to bypass governance: only an attack does.</param>
    /// <exception cref="ObjectStoreException">Denied: it is locked, and this would be less.</exception>
    ValueTask WriteRetentionAsync(
        ObjectVersion version, ObjectRetention retention, bool bypass, CancellationToken cancellationToken);

    /// <summary>As <see cref="IObjectStore.DeleteVersionsAsync"/> of one.</summary>
    /// <param name="bypass">Ask for the right to bypass governance: only an attack does.</param>
    /// <exception cref="ObjectStoreException">Denied: it is locked, or the right lacks.</exception>
    ValueTask DeleteVersionAsync(ObjectVersion version, bool bypass, CancellationToken cancellationToken);
}
