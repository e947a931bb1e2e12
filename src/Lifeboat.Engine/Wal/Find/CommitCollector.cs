using System.Globalization;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>Judges each commit: whether it did what is looked for, to which tables, and how many rows.</summary>
internal sealed class CommitCollector(
    WalFindRequest request, RelationNames names, FoundTransactions found, Lsn reachableFrom)
{
    internal void Take(
        in WalRecord record, in TransactionEnd end, TransactionWork work, bool isWhole, HashSet<RelFileLocator> filled)
    {
        var files = new LostFiles(end, work, names, filled);
        if (IsWithin(record.Lsn, end.Time))
        {
            Judge(record, end, work, isWhole, files);
        }

        files.Learn();
    }

    private void Judge(
        in WalRecord record, in TransactionEnd end, TransactionWork work, bool isWhole, LostFiles files)
    {
        var (tables, rows, lost, target) = request.Event switch
        {
            WalEvent.Drop => Dropped(work, files, record.PrevLsn),
            WalEvent.Truncate => Lost(files.Truncated(), files, record.PrevLsn),
            _ => Changed(work, record.PrevLsn),
        };
        if (tables.Count == 0 || rows < request.LeastRows)
        {
            return;
        }

        found.Add(new FoundTransaction(
            record.Lsn,
            record.EndLsn,
            end.Time,
            end.Xid,
            rows,
            isWhole || rows is null,
            lost,
            tables,
            target,
            record.Lsn >= reachableFrom,
            record.Timeline));
    }

    private (List<FoundTable> Tables, long? Rows, int Files, Lsn Target) Changed(TransactionWork work, Lsn before)
    {
        var tables = new List<FoundTable>();
        var rows = 0L;
        var byRelation = work.Rows
            .Where(item => (request.Event == WalEvent.Delete ? item.Counts.Deleted : item.Counts.Updated) > 0)
            .Select(item => (item.File, item.Counts, Relation: names.Describe(item.File)))
            .Where(item => IsWanted(item.Relation))
            .GroupBy(item => (item.Relation.Database, item.Relation.Oid, item.Relation.Name));
        foreach (var relation in byRelation)
        {
            var counts = relation.Aggregate(default(RowCounts), (sum, item) => sum + item.Counts);
            rows += request.Event == WalEvent.Delete ? counts.Deleted : counts.Updated;
            var (file, _, named) = relation.Last();
            tables.Add(Table(named, file, counts));
        }

        return (tables, rows, 0, before);
    }

    private (List<FoundTable> Tables, long? Rows, int Files, Lsn Target) Dropped(
        TransactionWork work, LostFiles files, Lsn before)
    {
        var dropped = Lost(files.Dropped(), files, before);
        if (!work.DeletesDatabase)
        {
            return dropped;
        }

        foreach (var database in work.DroppedDatabases.Distinct())
        {
            var name = names.DatabaseName(database);
            if (request.Table is null || request.Table == name)
            {
                dropped.Tables.Add(new FoundTable($"database {name}", name, database, "", 0, 0, 0));
                // Its files go when that record is replayed, and not at the commit; before it the database is marked as
                // unusable. The first record of the transaction is before both.
                dropped.Target = work.Before;
            }
        }

        return dropped;
    }

    private (List<FoundTable> Tables, long? Rows, int Files, Lsn Target) Lost(
        IEnumerable<(RelFileLocator File, NamedRelation Relation)> lost, LostFiles files, Lsn before)
    {
        var tables = lost
            .Where(item => item.Relation.HoldsRows && IsWanted(item.Relation))
            .Select(item => Table(item.Relation, item.File, default))
            .DistinctBy(table => (table.Database, table.Oid, table.Name))
            .ToList();
        return (tables, null, tables.Count == 0 ? 0 : files.Old.Count, before);
    }

    private FoundTable Table(NamedRelation relation, RelFileLocator file, RowCounts counts) => new(
        relation.FullName,
        names.DatabaseName(file.Database),
        relation.Name.StartsWith("file ", StringComparison.Ordinal) ? null : relation.Oid,
        file.ToString(),
        counts.Inserted,
        counts.Updated,
        counts.Deleted);

    private bool IsWanted(NamedRelation relation)
    {
        if (!request.Catalogs && relation.IsOfSystem)
        {
            return false;
        }

        return request.Table is not { } table
            || string.Equals(table, relation.Name, StringComparison.Ordinal)
            || string.Equals(table, relation.FullName, StringComparison.Ordinal)
            || string.Equals(table, relation.Oid.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    private bool IsWithin(Lsn lsn, PgTimestamp time) =>
        !(request.From?.Lsn > lsn) && !(request.To?.Lsn < lsn)
        && (request.From?.Time is not { } from || time >= PgTimestamp.From(from))
        && (request.To?.Time is not { } to || time <= PgTimestamp.From(to));
}

/// <summary>What was found so far: no more than the limit, those of the most rows, or the newest.</summary>
internal sealed class FoundTransactions(WalFindRequest request)
{
    private readonly PriorityQueue<FoundTransaction, (long Rows, ulong Lsn)> _kept = new();

    internal long LeftOut { get; private set; }

    internal void Add(FoundTransaction transaction)
    {
        var rank = (transaction.Rows ?? 0, transaction.Lsn.Value);
        if (_kept.Count < request.Limit)
        {
            _kept.Enqueue(transaction, rank);
            return;
        }

        LeftOut++;
        _kept.EnqueueDequeue(transaction, rank);
    }

    internal IReadOnlyList<FoundTransaction> Kept() =>
        [.. _kept.UnorderedItems.Select(item => item.Element).OrderBy(transaction => transaction.Lsn)];
}
