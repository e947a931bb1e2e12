using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Leases;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>What a collection knows of time: its clocks, its margins, and the leases that it saw.</summary>
internal sealed record CollectionTimes(
    CollectionClock Clock, CollectionMargins Margins, IReadOnlyList<SeenLease> Leases)
{
    internal IEnumerable<SeenLease> Living => Leases.Where(lease => lease.LivesAt(Clock.Store, Margins.LeaseTerm));

    internal bool Lives(Id128 lease) => Living.Any(seen => seen.Id == lease);

    /// <summary>
    /// Whether a lease lives that began before a tombstone could be seen: an incremental backup may be laid over what it
    /// expires, and a restore may read it.
    /// </summary>
    internal bool MayBeReliedOn(ObjectFacts tombstone) =>
        Living.Any(lease => lease.Began <= tombstone.LastModified + Margins.Settle);

    /// <summary>Old, and older than every lease that lives: who holds it cannot have written it.</summary>
    internal bool IsOrphan(ObjectFacts facts) => Clock.IsOlder(facts.LastModified, Margins.Orphans)
        && Living.All(lease => facts.LastModified < lease.Began - Margins.Settle);
}
