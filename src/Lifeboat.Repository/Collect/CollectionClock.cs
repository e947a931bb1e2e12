using Lifeboat.Repository.Leases;

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

    internal bool Lives(SeenLease lease) => lease.LivesAt(Store);
}

/// <summary>Which clock and waits a collection uses: all of them, but for tests that show that each is needed.</summary>
internal sealed record CollectionChecks(bool StoreClock = true, bool Leases = true, bool MarkAgain = true);
