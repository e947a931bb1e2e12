using Lifeboat.Postgres.Format.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>Parses a record as everything there is, and takes every element of every list.</summary>
internal static class WalBodies
{
    /// <returns>
    /// How many parsers took the record for theirs, and how many of those could read it: a parser that reads what it
    /// did not claim fails here.
    /// </returns>
    internal static (int Claimed, int Read) Touch(in WalRecord record)
    {
        var sum = record.MainData.Length + (int)record.Xid.Value;
        foreach (var block in record.Blocks)
        {
            sum += record.Bytes.Slice(block.ImageOffset, block.ImageLength).Length;
            sum += record.Bytes.Slice(block.DataOffset, block.DataLength).Length;
            Assert.True(block.HoleOffset + block.HoleLength <= WalPageHeader.PageSize);
        }

        var counts = (Claimed: 0, Read: 0);
        Count(ref counts, TransactionEnd.Matches(record), TransactionEnd.TryParse(record, out var end));
        Take(end.Subxacts, ref sum);
        Take(end.DroppedRelations, ref sum);
        Count(ref counts, TransactionPrepare.Matches(record), TransactionPrepare.TryParse(record, out var prepare));
        Take(prepare.Subxacts, ref sum);
        Take(prepare.DroppedAtCommit, ref sum);
        Take(prepare.DroppedAtAbort, ref sum);
        Count(
            ref counts,
            TransactionAssignment.Matches(record),
            TransactionAssignment.TryParse(record, out var assignment));
        Take(assignment.Subxacts, ref sum);
        Count(ref counts, SmgrCreate.Matches(record), SmgrCreate.TryParse(record, out _));
        Count(ref counts, SmgrTruncate.Matches(record), SmgrTruncate.TryParse(record, out _));
        Count(ref counts, DatabaseCreate.Matches(record), DatabaseCreate.TryParse(record, out _));
        Count(ref counts, DatabaseDrop.Matches(record), DatabaseDrop.TryParse(record, out var drop));
        Take(drop.Tablespaces, ref sum);
        Count(ref counts, HeapChange.Matches(record), HeapChange.TryParse(record, out var change));
        Assert.InRange(change.Rows, 0, ushort.MaxValue);
        Count(ref counts, HeapTruncate.Matches(record), HeapTruncate.TryParse(record, out var truncate));
        Take(truncate.Relations, ref sum);
        Count(ref counts, RelMapUpdate.Matches(record), RelMapUpdate.TryParse(record, out var map));
        for (var i = 0; i < map.Count; i++)
        {
            sum += (int)map[i].RelNumber;
        }

        Count(ref counts, LogicalMessage.Matches(record), LogicalMessage.TryParse(record, out var message));
        sum += message.Prefix.Length + message.Content.Length;
        Count(ref counts, SequenceChange.Matches(record), SequenceChange.TryParse(record, out _));
        Count(ref counts, StandbyLocks.Matches(record), StandbyLocks.TryParse(record, out var locks));
        for (var i = 0; i < locks.Count; i++)
        {
            sum += (int)locks[i].Relation;
        }

        TouchXlog(record, ref counts);
        GC.KeepAlive(sum);
        return counts;
    }

    private static void TouchXlog(in WalRecord record, ref (int Claimed, int Read) counts)
    {
        Count(ref counts, WalCheckpoint.Matches(record), WalCheckpoint.TryParse(record, out _));
        Count(ref counts, WalCheckpointRedo.Matches(record), WalCheckpointRedo.TryParse(record, out _));
        Count(ref counts, WalRestorePoint.Matches(record), WalRestorePoint.TryParse(record, out _));
        Count(ref counts, WalEndOfRecovery.Matches(record), WalEndOfRecovery.TryParse(record, out _));
        Count(ref counts, WalOverwrittenContrecord.Matches(record), WalOverwrittenContrecord.TryParse(record, out _));
        Count(ref counts, WalParameterChange.Matches(record), WalParameterChange.TryParse(record, out _));
        _ = WalLevelChange.TryParse(record, out _);
    }

    private static void Count(ref (int Claimed, int Read) counts, bool claimed, bool read)
    {
        Assert.True(claimed || !read);
        counts.Claimed += claimed ? 1 : 0;
        counts.Read += read ? 1 : 0;
    }

    private static void Take(TransactionIdList list, ref int sum)
    {
        for (var i = 0; i < list.Count; i++)
        {
            sum += (int)list[i].Value;
        }
    }

    private static void Take(OidList list, ref int sum)
    {
        for (var i = 0; i < list.Count; i++)
        {
            sum += (int)list[i];
        }
    }

    private static void Take(RelFileLocatorList list, ref int sum)
    {
        for (var i = 0; i < list.Count; i++)
        {
            sum += (int)list[i].RelNumber;
        }
    }
}
