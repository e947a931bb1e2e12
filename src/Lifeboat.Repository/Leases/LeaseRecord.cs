using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Leases;

/// <summary>Somebody relies on what the repository held when the lease began. Its time is the object's, by the store's clock.</summary>
/// <param name="Purpose">See <see cref="LeasePurpose"/>.</param>
/// <param name="Host">For people.</param>
/// <param name="At">By the holder's clock, for people: nothing is decided by it.</param>
public sealed record LeaseRecord(Id128 Lease, string Purpose, string Host, DateTimeOffset At);

/// <summary>What leases are for.</summary>
public static class LeasePurpose
{
    /// <summary>Objects are written that no manifest names yet, and objects that are there are relied on.</summary>
    public const string Write = "write";

    /// <summary>A backup is read.</summary>
    public const string Read = "read";

    /// <summary>Asks the store for its time; holds nobody back.</summary>
    public const string Collect = "collect";
}
