using System.Globalization;
using System.Text;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Show;

/// <summary>What a record says, in words, for the kinds that Lifeboat looks into.</summary>
/// <param name="Text">For people.</param>
/// <param name="Kind">One word for programs: commit, abort, checkpoint, insert and so on.</param>
/// <param name="Time">What the record carries; null when it carries none.</param>
/// <param name="Xid">The transaction that ends, when it is not that of the record's header.</param>
public sealed record RecordDescription(string Text, string Kind, PgTimestamp? Time = null, TransactionId? Xid = null)
{
    private const int MostNamed = 8;

    /// <summary>Null for a kind that is not looked into, and for a record that is not what its kind has.</summary>
    public static RecordDescription? Of(in WalRecord record) => record.Rmgr switch
    {
        ResourceManager.Transaction => OfTransaction(record),
        ResourceManager.Xlog => OfXlog(record),
        ResourceManager.Storage => OfStorage(record),
        ResourceManager.Database => OfDatabase(record),
        ResourceManager.Heap or ResourceManager.Heap2 => OfHeap(record),
        ResourceManager.LogicalMessage => LogicalMessage.TryParse(record, out var message)
            ? new RecordDescription($"message {Encoding.UTF8.GetString(message.Prefix)}", "message")
            : null,
        _ => null,
    };

    private static RecordDescription? OfTransaction(in WalRecord record)
    {
        if (TransactionAssignment.TryParse(record, out var assigned))
        {
            return new RecordDescription(
                string.Create(CultureInfo.InvariantCulture, $"{assigned.Subxacts.Count} subtransactions of {assigned.Top}"),
                "assignment");
        }

        if (!TransactionEnd.TryParse(record, out var end))
        {
            return null;
        }

        var text = new StringBuilder(end.IsCommit ? "commit" : "abort");
        if (end.IsPrepared)
        {
            text.Append(" of prepared ").Append(end.Xid);
        }

        text.Append(' ').Append(end.Time);
        if (end.SubxactCount > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {end.SubxactCount} subtransactions");
        }

        for (var at = 0; at < Math.Min(end.DroppedRelationCount, MostNamed); at++)
        {
            text.Append(at == 0 ? ", drops " : " ").Append(end.DroppedRelation(at));
        }

        if (end.DroppedRelationCount > MostNamed)
        {
            text.Append(CultureInfo.InvariantCulture, $" and {end.DroppedRelationCount - MostNamed} more");
        }

        return new RecordDescription(
            text.ToString(), end.IsCommit ? "commit" : "abort", end.Time, end.IsPrepared ? end.Xid : null);
    }

    private static RecordDescription? OfXlog(in WalRecord record)
    {
        if (record.IsSegmentSwitch)
        {
            return new RecordDescription("switch to the next segment", "switch");
        }

        if (WalCheckpoint.TryParse(record, out var checkpoint))
        {
            return new RecordDescription(
                $"{(checkpoint.IsShutdown ? "shutdown checkpoint" : "checkpoint")}, redo {checkpoint.Redo}, "
                + $"timeline {checkpoint.Timeline}, {checkpoint.Time}",
                "checkpoint",
                checkpoint.Time);
        }

        if (WalRestorePoint.TryParse(record, out var point))
        {
            return new RecordDescription($"restore point {point.Name}, {point.Time}", "restorePoint", point.Time);
        }

        return WalEndOfRecovery.TryParse(record, out var end)
            ? new RecordDescription(
                $"end of recovery, timeline {end.PrevTimeline} to {end.Timeline}, {end.Time}", "endOfRecovery", end.Time)
            : null;
    }

    private static RecordDescription? OfStorage(in WalRecord record) =>
        SmgrCreate.TryParse(record, out var create)
            ? new RecordDescription($"create {create.Relation} {ResourceManagerNames.Of(create.Fork)}", "create")
            : SmgrTruncate.TryParse(record, out var truncate)
                ? new RecordDescription(
                    string.Create(
                        CultureInfo.InvariantCulture, $"truncate {truncate.Relation} to {truncate.Block} blocks"),
                    "truncate")
                : null;

    private static RecordDescription? OfDatabase(in WalRecord record) =>
        DatabaseDrop.TryParse(record, out var drop)
            ? new RecordDescription(
                string.Create(CultureInfo.InvariantCulture, $"drop database {drop.Database}"), "dropDatabase")
            : DatabaseCreate.TryParse(record, out var create)
                ? new RecordDescription(
                    string.Create(
                        CultureInfo.InvariantCulture, $"create database {create.Database} in {create.Tablespace}"),
                    "createDatabase")
                : null;

    private static RecordDescription? OfHeap(in WalRecord record)
    {
        if (HeapTruncate.TryParse(record, out var truncate))
        {
            return new RecordDescription(
                string.Create(CultureInfo.InvariantCulture, $"truncate of {truncate.Relations.Count} tables"),
                "truncateTables");
        }

        if (!HeapChange.TryParse(record, out var change))
        {
            return null;
        }

        var kind = change.Kind switch
        {
            HeapChangeKind.Insert or HeapChangeKind.MultiInsert => "insert",
            HeapChangeKind.Delete => "delete",
            HeapChangeKind.ConfirmInsert => "confirm",
            _ => "update",
        };
        return new RecordDescription(
            change.Kind == HeapChangeKind.MultiInsert
                ? string.Create(CultureInfo.InvariantCulture, $"{kind} of {change.Rows} rows")
                : kind,
            kind);
    }
}
