using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>What changed from one position to another along the history of a timeline.</summary>
public sealed record ChangedBlocksRequest
{
    public required Cluster Cluster { get; init; }

    /// <summary>Whose history is followed: that of the server which is asked about now.</summary>
    public required Id128 Lineage { get; init; }

    /// <summary>The timeline on which <see cref="To"/> lies.</summary>
    public required Timeline Timeline { get; init; }

    /// <summary>The timeline on which <see cref="From"/> lies: the same, or an ancestor.</summary>
    public required Timeline FromTimeline { get; init; }

    /// <summary>Where a record begins, as the START of a backup does: records from here on count.</summary>
    public required Lsn From { get; init; }

    /// <summary>
    /// WAL before this, on the same timeline as <see cref="From"/>, must be in the history too: a backup's STOP. Null for no
    /// such demand.
    /// </summary>
    public Lsn? Through { get; init; }

    /// <summary>Where a record begins, too: records before it count.</summary>
    public required Lsn To { get; init; }

    /// <summary>The WAL of the running server, for what is not archived yet; null for the archive alone.</summary>
    public LiveWal? Live { get; init; }
}
