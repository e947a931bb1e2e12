namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>What each kind of record changes.</summary>
public sealed partial class WalChanges
{
    /// <summary>Takes the next record of the stretch.</summary>
    public void Take(in WalRecord record)
    {
        foreach (ref readonly var block in record.Blocks)
        {
            if (block.Fork != RelationFork.Fsm)
            {
                ForkOf(new RelationForkName(block.Relation, block.Fork)).Blocks.Add(block.Block);
            }
        }

        switch (record.Rmgr)
        {
            case ResourceManager.Heap or ResourceManager.Heap2:
                if (VisibilityMapRules.Clears(record))
                {
                    MarkVisibilityMap(record);
                }

                break;
            case ResourceManager.Xlog:
                if (WalLevelChange.TryParse(record, out var level))
                {
                    AddLevel(level);
                }

                break;
            case ResourceManager.Transaction:
                TakeTransaction(record);
                break;
            case ResourceManager.Storage:
                TakeStorage(record);
                break;
            case ResourceManager.Database:
                TakeDatabase(record);
                break;
            default:
                if (record.IsSpecialRelationUpdate)
                {
                    TakeOpaque(record);
                }

                break;
        }
    }

    private void MarkVisibilityMap(in WalRecord record)
    {
        foreach (ref readonly var block in record.Blocks)
        {
            if (block.Fork == RelationFork.Main)
            {
                ForkOf(new RelationForkName(block.Relation, RelationFork.VisibilityMap))
                    .Blocks.Add(VisibilityMapRules.BlockOf(block.Block));
            }
        }
    }

    /// <summary>A commit or abort drops files; preparing a transaction only says that its end will.</summary>
    private void TakeTransaction(in WalRecord record)
    {
        if (!TransactionEnd.Matches(record))
        {
            if (record.IsSpecialRelationUpdate)
            {
                TakeOpaque(record);
            }

            return;
        }

        if (!TransactionEnd.TryParse(record, out var end))
        {
            TakeOpaque(record);
            return;
        }

        for (var index = 0; index < end.DroppedRelationCount; index++)
        {
            var relation = end.DroppedRelation(index);
            ForkOf(new RelationForkName(relation, RelationFork.Main)).SetLimit(0);
            ForkOf(new RelationForkName(relation, RelationFork.VisibilityMap)).SetLimit(0);
            ForkOf(new RelationForkName(relation, RelationFork.Init)).SetLimit(0);
        }
    }

    private void TakeStorage(in WalRecord record)
    {
        if (SmgrCreate.TryParse(record, out var create))
        {
            if (create.Fork != RelationFork.Fsm)
            {
                ForkOf(new RelationForkName(create.Relation, create.Fork)).SetLimit(0);
            }
        }
        else if (SmgrTruncate.TryParse(record, out var truncate))
        {
            if ((truncate.Forks & SmgrTruncateForks.Heap) != SmgrTruncateForks.None)
            {
                ForkOf(new RelationForkName(truncate.Relation, RelationFork.Main)).SetLimit(truncate.Block);
            }

            if ((truncate.Forks & SmgrTruncateForks.VisibilityMap) != SmgrTruncateForks.None)
            {
                TruncateVisibilityMap(truncate);
            }
        }
        else
        {
            TakeOpaque(record);
        }
    }

    private void TruncateVisibilityMap(in SmgrTruncate truncate)
    {
        var map = ForkOf(new RelationForkName(truncate.Relation, RelationFork.VisibilityMap));
        var length = VisibilityMapRules.LengthFor(truncate.Block);
        map.SetLimit(length);
        // Of its last block the bits behind the cut are cleared, and not every server logs that block.
        if (VisibilityMapRules.IsPartial(truncate.Block))
        {
            map.Blocks.Add(length - 1);
        }
    }

    private void TakeDatabase(in WalRecord record)
    {
        if (DatabaseCreate.TryParse(record, out var create))
        {
            AddDatabase(new DatabaseDirectory(create.Tablespace, create.Database));
        }
        else if (DatabaseDrop.TryParse(record, out var drop))
        {
            for (var index = 0; index < drop.Tablespaces.Count; index++)
            {
                AddDatabase(new DatabaseDirectory(drop.Tablespaces[index], drop.Database));
            }
        }
        else
        {
            TakeOpaque(record);
        }
    }

    private void TakeOpaque(in WalRecord record) =>
        AddOpaque(new OpaqueChange(record.Lsn, record.RmgrId, record.Info));
}
