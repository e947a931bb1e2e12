using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>What a transaction did that is looked for.</summary>
public enum WalEvent
{
    /// <summary>Tables, materialised views or a database went away.</summary>
    Drop,

    /// <summary>Tables were emptied by TRUNCATE.</summary>
    Truncate,

    /// <summary>Rows were deleted.</summary>
    Delete,

    /// <summary>Rows were changed.</summary>
    Update,
}

/// <summary>Which transactions are looked for in the archived WAL.</summary>
public sealed record WalFindRequest
{
    public const int DefaultLimit = 1000;

    public required Cluster Cluster { get; init; }

    public required WalEvent Event { get; init; }

    /// <summary>
    /// <c>NAME</c>, <c>SCHEMA.NAME</c>, or the number of a table or of its files; null: whichever.
    /// </summary>
    public string? Table { get; init; }

    /// <summary>Committed at or behind this; null: as far back as can be recovered.</summary>
    public FindBound? From { get; init; }

    /// <summary>Committed at or before this; null: to the end of the archive.</summary>
    public FindBound? To { get; init; }

    /// <summary>Only those that deleted or updated so many rows.</summary>
    public long LeastRows { get; init; } = 1;

    /// <summary>How many are kept at most: those of the most rows; of drops and truncations the newest.</summary>
    public int Limit { get; init; } = DefaultLimit;

    /// <summary>Whether rows of catalogs and TOAST tables count too.</summary>
    public bool Catalogs { get; init; }

    /// <summary>Null: the newest that is archived.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>Null: that of the server for which the cluster was made.</summary>
    public Id128? Lineage { get; init; }
}

/// <summary>A commit's position or its time: one of both.</summary>
public readonly record struct FindBound(Lsn? Lsn, DateTimeOffset? Time);

/// <summary>A transaction that was found.</summary>
/// <param name="Lsn">Where its commit begins.</param>
/// <param name="EndLsn">Where that ends: a recovery to here includes it.</param>
/// <param name="Rows">
/// Rows deleted or updated in the tables below; null for a drop and a truncation, which do not touch rows.
/// </param>
/// <param name="IsWhole">False when it may have begun before the WAL that was read: then there may be more rows.</param>
/// <param name="Files">Relations of the tables below, their indexes included, that lost their files with it.</param>
/// <param name="Target">
/// The last position before it: a recovery to it, inclusive, replays everything up to the commit and not the commit.
/// </param>
/// <param name="IsReachable">Whether a backup that ended before it can be recovered to the target.</param>
/// <param name="Timeline">Of the commit's page.</param>
public sealed record FoundTransaction(
    Lsn Lsn,
    Lsn EndLsn,
    PgTimestamp Time,
    TransactionId Xid,
    long? Rows,
    bool IsWhole,
    int Files,
    IReadOnlyList<FoundTable> Tables,
    Lsn Target,
    bool IsReachable,
    Timeline Timeline);

/// <summary>What a transaction did to one table.</summary>
/// <param name="Name">
/// <c>schema.name</c> by the catalog map; <c>oid N</c> or <c>file N</c> when no map has a name for it.
/// </param>
/// <param name="Database">Its name, or <c>oid N</c>; empty for a shared table.</param>
/// <param name="Oid">In pg_class; null when it is not known.</param>
/// <param name="File">As pg_waldump prints it; empty for a whole database.</param>
public sealed record FoundTable(
    string Name, string Database, uint? Oid, string File, long Inserted, long Updated, long Deleted);

/// <summary>What was found, and where it was looked for.</summary>
/// <param name="Transactions">By position.</param>
/// <param name="LeftOut">How many more there are than the limit let through.</param>
/// <param name="Stretches">What was read, in order; between two of them WAL is missing.</param>
public sealed record WalFindReport(
    Id128 Lineage,
    Timeline Timeline,
    IReadOnlyList<FoundTransaction> Transactions,
    long LeftOut,
    IReadOnlyList<(Lsn From, Lsn To)> Stretches,
    long Segments,
    IReadOnlyList<string> Notes);
