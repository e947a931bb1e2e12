using Lifeboat.Engine.Wal.Find;

namespace Lifeboat.Cli.Output;

/// <summary>Transactions found in the archived WAL.</summary>
/// <param name="Target">How <c>targetLsn</c> is used.</param>
/// <param name="LeftOut">How many more fit than <c>--limit</c> lets through.</param>
/// <param name="Read">The stretches of WAL that were read; between two of them WAL is missing.</param>
internal sealed record FindDocument(
    string Event,
    string Lineage,
    uint Timeline,
    FoundTransactionDocument[] Transactions,
    long LeftOut,
    string Target,
    ReadStretch[] Read,
    long Segments,
    string[] Notes)
{
    public const string TargetUse =
        "restore --target-lsn TARGETLSN, inclusive as it is without --target-exclusive, replays everything before the commit "
        + "and not the commit";

    public static FindDocument Of(WalEvent kind, WalFindReport report) => new(
        kind.ToString().ToLowerInvariant(),
        report.Lineage.ToString(),
        report.Timeline.Value,
        [.. report.Transactions.Select(transaction => FoundTransactionDocument.Of(transaction, report.Timeline.Value))],
        report.LeftOut,
        TargetUse,
        [.. report.Stretches.Select(stretch => new ReadStretch(stretch.From.ToString(), stretch.To.ToString()))],
        report.Segments,
        [.. report.Notes]);
}

internal sealed record ReadStretch(string From, string To);

/// <param name="Lsn">Where its commit begins.</param>
/// <param name="EndLsn">Where that ends.</param>
/// <param name="Rows">Deleted or updated; null for a drop and a truncation.</param>
/// <param name="RowsAreWhole">False when it may have begun before the WAL that was read.</param>
/// <param name="Files">Relations that lost their files, indexes included.</param>
/// <param name="Tables">By name.</param>
/// <param name="TargetLsn">The target just before it: see the document's <c>target</c>.</param>
/// <param name="TargetTimeline">For <c>--target-timeline</c>.</param>
/// <param name="Reachable">Whether a backup ended before it.</param>
internal sealed record FoundTransactionDocument(
    string Lsn,
    string EndLsn,
    DateTimeOffset? Time,
    uint Xid,
    long? Rows,
    bool RowsAreWhole,
    int Files,
    string[] Tables,
    FoundTableDocument[] Details,
    string TargetLsn,
    uint TargetTimeline,
    bool Reachable)
{
    public static FoundTransactionDocument Of(FoundTransaction found, uint timeline) => new(
        found.Lsn.ToString(),
        found.EndLsn.ToString(),
        found.Time.TryToDateTimeOffset(out var time) ? time : null,
        found.Xid.Value,
        found.Rows,
        found.IsWhole,
        found.Files,
        [.. found.Tables.Select(table => table.Name)],
        [.. found.Tables.Select(table => new FoundTableDocument(
            table.Name, table.Database, table.Oid, table.File, table.Inserted, table.Updated, table.Deleted))],
        found.Target.ToString(),
        timeline,
        found.IsReachable);
}

/// <param name="File">As pg_waldump prints it; empty for a whole database.</param>
internal sealed record FoundTableDocument(
    string Name, string Database, uint? Oid, string File, long Inserted, long Updated, long Deleted);
