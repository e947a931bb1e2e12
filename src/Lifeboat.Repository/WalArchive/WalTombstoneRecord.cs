using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>WAL of a lineage that nothing kept needs: nobody relies on it any more, and it may be collected.</summary>
/// <param name="Reason">Why, in words.</param>
/// <param name="Plan">The id of the plan that it was part of.</param>
public sealed record WalTombstoneRecord(
    Id128 Lineage, WalTombstoneRange[] Ranges, string Reason, string Plan, DateTimeOffset ExpiredAt);

/// <summary>Segments by number, both ends included. It holds only what was archived when it was written.</summary>
public sealed record WalTombstoneRange(Timeline Timeline, ulong First, ulong Last);
