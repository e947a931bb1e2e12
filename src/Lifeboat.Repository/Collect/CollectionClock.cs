namespace Lifeboat.Repository.Collect;

/// <summary>
/// The two clocks of a collection: the store's, which dates all objects, and this machine's. Where both have a date for
/// something, both must say that it is old: a jump of one of them then only delays.
/// </summary>
/// <param name="Store">What the store takes for now.</param>
/// <param name="Own">What this machine takes for now.</param>
internal sealed record CollectionClock(DateTimeOffset Store, DateTimeOffset Own)
{
    internal bool IsOlder(DateTimeOffset storeDate, TimeSpan than) => Store - storeDate > than;

    internal bool IsOlder(DateTimeOffset storeDate, DateTimeOffset ownDate, TimeSpan than) =>
        Store - storeDate > than && Own - ownDate > than;

    /// <summary>When both will say so, by this machine's clock.</summary>
    internal DateTimeOffset OldAt(DateTimeOffset storeDate, DateTimeOffset ownDate, TimeSpan than)
    {
        var (byStore, byOwn) = (Own + (storeDate + than - Store), ownDate + than);
        return byStore > byOwn ? byStore : byOwn;
    }
}
