using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage;

/// <summary>Whether a put may replace what is there.</summary>
public enum PutCondition
{
    /// <summary>Create; when an object of this name exists leave it as it is and say so.</summary>
    IfAbsent,

    /// <summary>Create or replace. On a store with versions the earlier one stays.</summary>
    Overwrite,
}

/// <summary>How a put ended. Every other ending is an exception.</summary>
public enum PutOutcome
{
    /// <summary>The object is there, with these bytes, durably.</summary>
    Created,

    /// <summary>An object of this name was there before; it is durable. Nothing was written.</summary>
    AlreadyExists,
}

/// <summary>
/// A flat space of immutable-by-habit objects. One conformance suite (<c>ObjectStoreConformance</c>) states this
/// contract as tests, and every implementation passes it.
/// </summary>
/// <remarks>
/// <para>Durability: when a put or <see cref="IObjectWriter.CompleteAsync"/> returns, the object survives power loss.
/// Until then a reader sees the whole object or none: never a part.</para>
/// <para>Failure: every failure is a <see cref="ObjectStoreException"/> (or a <c>LifeboatException</c> from below) whose
/// <c>Transient</c> says whether trying again can help. A put that failed may nevertheless have happened: a caller who
/// tries again meets its own object, and must compare before it calls that a conflict. Implementations never retry by
/// themselves; a decorator does.</para>
/// <para>Visibility: a listing may lag behind puts and deletes (object stores differ); a read by name after a successful
/// put by the same process finds the object.</para>
/// <para>Absence: "no such object" and "nothing under this prefix" are said only when the store itself was there to ask;
/// a store that cannot be reached, or whose directory is not mounted, is a failure.</para>
/// <para>Names: one object's name must not be the directory of another's (<c>a</c> and <c>a/b</c>): file systems
/// cannot hold both and refuse the second with <c>Conflict</c>.</para>
/// <para>Cancellation: a call that was cancelled writes nothing more; what it had made visible before stays.</para>
/// <para>Threads: all members may be called at the same time.</para>
/// </remarks>
public interface IObjectStore
{
    /// <summary>Where this is, for messages: a URL or path without credentials.</summary>
    string Location { get; }

    StoreCapabilities Capabilities { get; }

    /// <summary>What can be done with locks; null where objects are not locked.</summary>
    IObjectLocks? Locks => null;

    /// <summary>Writes a small object whole.</summary>
    ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>
    /// Begins an object of unknown length. Nothing can be seen under the name until it is completed; disposing without
    /// completing leaves nothing behind (or, after a crash, only what <see cref="SweepAsync"/> removes).
    /// </summary>
    ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// Reads from <paramref name="offset"/> until the buffer is full or the object ends, and returns the bytes read:
    /// fewer than asked for only at the object's end, 0 at or behind it. A transfer that broke is an exception, never
    /// a short count. A negative offset is an <see cref="ArgumentOutOfRangeException"/>.
    /// </summary>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>The object's facts; null when the store is sure that there is no such object.</summary>
    ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// All objects whose names begin with <paramref name="prefix"/>, in ordinal order of their names. A listing that
    /// fails half-way throws there; one that ends without an exception was complete. The prefix is a text prefix: it
    /// need not end at a slash, and the empty one lists everything.
    /// </summary>
    IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// The distinct next components below <paramref name="prefix"/>, which must be empty or end with a slash: for
    /// <c>a/</c> with objects <c>a/b/1</c>, <c>a/b/2</c>, <c>a/c</c> the answer is <c>b/</c>, <c>c</c>. Ordinal order.
    /// </summary>
    ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// All versions of all objects under the prefix, oldest first within a name, deletion markers included. A store
    /// without versions lists each object once.
    /// </summary>
    IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadAsync"/>, of one version that a listing named.</summary>
    /// <exception cref="ObjectNotFoundException">
    /// There is no such version, or it is a deletion marker, or the store keeps no versions.
    /// </exception>
    ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes; an object that does not exist is no error. Durable when it returns. On a store with versions it adds a
    /// deletion marker and every earlier version stays readable by its id.
    /// </summary>
    ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="DeleteAsync"/> of each, at the cost of fewer waits. The order is the store's: whoever needs one object gone
    /// before another deletes it in an earlier call. After a failure any of them may be gone, and it is left open whether that
    /// is durable; the caller deletes all of them again. A name may be given twice.
    /// </summary>
    ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken);

    /// <summary>
    /// Removes versions that <see cref="ListVersionsAsync"/> named, for good; one that is not there is no error. Removing the
    /// newest one makes the one before it the object; removing a deletion marker that is the newest brings the object back. So
    /// what is to be gone is deleted first, its versions are removed then, and the marker is the last.
    /// The order within a call is the store's, and a failure leaves open which are gone.
    /// </summary>
    /// <exception cref="InvalidOperationException">The store keeps no versions, so that it named none.</exception>
    ValueTask DeleteVersionsAsync(IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken);

    /// <summary>
    /// Makes every object durable that can be seen whose name is <paramref name="prefix"/> and one more component: a
    /// writer that died may have made it visible and no more. Stores that only show what is durable have nothing to do.
    /// </summary>
    /// <param name="prefix">Empty, or ending with a slash; nothing need be under it.</param>
    ValueTask SettleAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// Removes what writers that died left behind (never visible as objects), sparing every writer that is still alive.
    /// Returns how many such remains were removed.
    /// </summary>
    ValueTask<int> SweepAsync(CancellationToken cancellationToken);
}
