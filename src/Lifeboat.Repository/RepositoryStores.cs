using Lifeboat.Platform.Errors;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Repository;

/// <summary>
/// A place as a repository is opened in it. Whether its objects are locked stands in its record, and whether the record was
/// overwritten by somebody who wants it to say otherwise is told by the oldest version: so it is read in a way of its own.
/// </summary>
/// <param name="Unknown">Shows the oldest version of everything; nothing is written through it.</param>
/// <param name="Known">The store to work with, when it is known how the repository's objects are locked.</param>
public sealed record RepositoryStores(IObjectStore Unknown, Func<LockTerms?, IObjectStore> Known)
{
    /// <summary>
    /// Without versions: read where the credentials may not list them, and believed when it says nothing of locks. Null: it
    /// is an error then.
    /// </summary>
    public IObjectStore? WithoutVersions { get; init; }

    /// <summary>Told what could not be made sure of.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>A store that keeps one version of everything, or of which it is known how its objects are locked.</summary>
    public static RepositoryStores Of(IObjectStore store) => new(store, _ => store);

    /// <summary>A bucket; it is shown as it is used when its repository locks, and as plain as it comes when not.</summary>
    /// <param name="versions">With its versions, for locks.</param>
    /// <param name="plain">The same place without.</param>
    /// <param name="decorate">What is put around each store that is used.</param>
    public static RepositoryStores Of(
        ILockableStore versions, IObjectStore plain, TimeProvider time, Func<IObjectStore, IObjectStore> decorate) =>
        new(
            decorate(new LockedStore(versions, LockedNames.Covers, terms: null, time)),
            terms => decorate(terms is null ? plain : new LockedStore(versions, LockedNames.Covers, terms, time)))
        {
            WithoutVersions = decorate(plain),
        };

    internal async ValueTask<T> ReadAsync<T>(
        Func<IObjectStore, CancellationToken, ValueTask<T>> read,
        Func<T, LockTerms?> terms,
        CancellationToken cancellationToken)
    {
        try
        {
            return await read(Unknown, cancellationToken);
        }
        catch (ObjectStoreException denied) when (denied.Code == ErrorCode.Denied && WithoutVersions is not null)
        {
            var found = await read(WithoutVersions, cancellationToken);
            if (terms(found) is not null)
            {
                throw;
            }

            Warn($"whether the record of {Unknown.Location} was overwritten cannot be told: {denied.Failure.Hint}");
            return found;
        }
    }
}
