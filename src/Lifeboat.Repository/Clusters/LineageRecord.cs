using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>One unbroken history of a cluster.</summary>
/// <param name="SystemIdentifier">Of the PostgreSQL cluster.</param>
/// <param name="SegmentSize">Bytes of a WAL segment.</param>
/// <param name="Major">PostgreSQL's major version.</param>
/// <param name="Parent">Where it came from; null for the first.</param>
public sealed record LineageRecord(
    Id128 Id, string SystemIdentifier, int SegmentSize, int Major, LineageOrigin? Parent);

/// <summary>The point at which a restore left the history of its source.</summary>
/// <param name="Lineage">The source's lineage.</param>
/// <param name="Backup">The backup that was restored.</param>
/// <param name="Timeline">The timeline that the restore followed.</param>
/// <param name="From">The stop position of the backup: nothing after it is certain to be shared.</param>
public sealed record LineageOrigin(Id128 Lineage, string Backup, Timeline Timeline, Lsn From);
