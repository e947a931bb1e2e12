using System.Runtime.InteropServices;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>
/// Follows transactions through the records of a contiguous stretch, and hands on each that commits with what it did.
/// Only transactions that run are kept, so that the length of the stretch does not matter.
/// </summary>
internal sealed class TransactionScan(WalEvent wanted, RelationNames names, TransactionScan.OnCommit onCommit)
{
    private readonly Dictionary<uint, TransactionWork> _running = [];
    private readonly Dictionary<RelFileLocator, bool> _made = [];
    private readonly List<uint> _ended = [];
    private readonly bool _countsRows = wanted is WalEvent.Delete or WalEvent.Update;
    private TransactionId? _firstNext;

    /// <param name="isWhole">False when it may have begun before the stretch.</param>
    /// <param name="filled">Of the files that it made, those into which pages came that are no rows'.</param>
    internal delegate void OnCommit(
        in WalRecord record,
        in TransactionEnd end,
        TransactionWork work,
        bool isWhole,
        HashSet<RelFileLocator> filled);

    internal void Feed(in WalRecord record)
    {
        switch (record.Rmgr)
        {
            case ResourceManager.Heap or ResourceManager.Heap2:
                FeedHeap(record);
                break;
            case ResourceManager.Transaction when TransactionEnd.TryParse(record, out var end):
                FeedEnd(record, end);
                break;
            case ResourceManager.Standby when RunningTransactions.TryParse(record, out var running):
                FeedRunning(running);
                break;
            case ResourceManager.Storage when SmgrCreate.TryParse(record, out var create):
                FeedCreate(record, create);
                break;
            case ResourceManager.Database when DatabaseDrop.TryParse(record, out var drop):
                WorkOf(record).DroppedDatabases.Add(drop.Database);
                break;
            case ResourceManager.RelMap when RelMapUpdate.TryParse(record, out var map):
                for (var at = 0; at < map.Count; at++)
                {
                    names.LearnCatalog(map.Database, map[at].Oid, map[at].RelNumber);
                }

                break;
            default:
                FeedPages(record);
                break;
        }
    }

    private void FeedHeap(in WalRecord record)
    {
        if (HeapTruncate.TryParse(record, out var truncate))
        {
            var work = WorkOf(record);
            for (var at = 0; at < truncate.Relations.Count; at++)
            {
                work.Truncated.Add((truncate.Database, truncate.Relations[at]));
            }

            return;
        }

        if (!HeapChange.TryParse(record, out var change) || !record.Xid.IsValid)
        {
            return;
        }

        if (_countsRows)
        {
            WorkOf(record).Count(change.Relation, RowCounts.Of(change));
        }

        if (change.Kind == HeapChangeKind.Insert)
        {
            FeedCatalogRow(record, change);
        }
        else if (change.Kind == HeapChangeKind.Delete && change.Relation.Database == 0
            && names.Is(RelationNames.PgDatabase, change.Relation))
        {
            WorkOf(record).DeletesDatabase = true;
        }
    }

    private void FeedCatalogRow(in WalRecord record, in HeapChange change)
    {
        var database = change.Relation.Database;
        if (names.Is(RelationNames.PgClass, change.Relation))
        {
            if (InsertedTuple.TryRead(record, change.Offset, out var columns)
                && PgClassRow.TryParse(columns, record.Major, out var row))
            {
                WorkOf(record).Classes.Add((database, row));
            }
        }
        else if (names.Is(RelationNames.PgNamespace, change.Relation)
            && InsertedTuple.TryRead(record, change.Offset, out var columns)
            && PgNamespaceRow.TryParse(columns, out var row))
        {
            WorkOf(record).Namespaces.Add((database, row));
        }
    }

    private void FeedCreate(in WalRecord record, SmgrCreate create)
    {
        if (create.Fork == RelationFork.Main && record.Xid.IsValid)
        {
            WorkOf(record).Created.Add(create.Relation);
            _made[create.Relation] = false;
        }
    }

    /// <summary>Pages of files that are just being made, other than by rows.</summary>
    private void FeedPages(in WalRecord record)
    {
        if (_made.Count == 0 || (record.Rmgr == ResourceManager.Xlog && !record.IsPageImage))
        {
            return;
        }

        foreach (var block in record.Blocks)
        {
            ref var filled = ref CollectionsMarshal.GetValueRefOrNullRef(_made, block.Relation);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref filled) && block.Fork == RelationFork.Main)
            {
                filled = true;
            }
        }
    }

    private void FeedEnd(in WalRecord record, in TransactionEnd end)
    {
        _running.Remove(end.Xid.Value, out var work);
        for (var at = 0; at < end.SubxactCount; at++)
        {
            if (_running.Remove(end.Subxacts[at].Value, out var part))
            {
                if (work is null)
                {
                    work = part;
                }
                else
                {
                    work.Merge(part);
                }
            }
        }

        if (end.IsCommit && (work is not null || end.DroppedRelationCount > 0))
        {
            work ??= new TransactionWork(record.PrevLsn);
            var filled = work.Created.Where(file => _made.GetValueOrDefault(file)).ToHashSet();
            onCommit(record, end, work, IsWhole(end.Xid), filled);
        }

        foreach (var file in work?.Created ?? [])
        {
            _made.Remove(file);
        }
    }

    /// <summary>A crash ends transactions without a word: whatever is older than what runs is over.</summary>
    private void FeedRunning(in RunningTransactions running)
    {
        _firstNext ??= running.Next;
        _ended.Clear();
        foreach (var xid in _running.Keys)
        {
            if (new TransactionId(xid).Precedes(running.Oldest))
            {
                _ended.Add(xid);
            }
        }

        foreach (var xid in _ended)
        {
            _running.Remove(xid, out var work);
            foreach (var file in work!.Created)
            {
                _made.Remove(file);
            }
        }
    }

    private bool IsWhole(TransactionId xid) => _firstNext is { } next && !xid.Precedes(next);

    private TransactionWork WorkOf(in WalRecord record)
    {
        ref var work = ref CollectionsMarshal.GetValueRefOrAddDefault(_running, record.Xid.Value, out _);
        return work ??= new TransactionWork(record.PrevLsn);
    }
}
