using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Which transactions run: struct xl_running_xacts, standbydefs.h, the same from 13 to 18. A server writes it at every
/// checkpoint and every 15 seconds in which something was written, where wal_level is above minimal.
/// <code>
/// 0 int32 transactions   4 int32 sub-transactions   8 bool overflow   12 uint32 next   16 uint32 oldest running
/// 20 uint32 latest completed   24 transactions, then sub-transactions
/// </code>
/// </summary>
public readonly ref struct RunningTransactions
{
    private const byte Info = 0x10;
    private const int NextOffset = 12;
    private const int OldestOffset = 16;
    private const int ListOffset = 24;

    private RunningTransactions(TransactionId next, TransactionId oldest, bool isOverflown, ReadOnlySpan<byte> list)
    {
        Next = next;
        Oldest = oldest;
        IsOverflown = isOverflown;
        Xids = new TransactionIdList(list);
    }

    /// <summary>The next id to be given out: what begins from here on has this or a later one.</summary>
    public TransactionId Next { get; }

    /// <summary>Everything before it has ended; the next id when nothing runs.</summary>
    public TransactionId Oldest { get; }

    /// <summary>Not every sub-transaction is listed.</summary>
    public bool IsOverflown { get; }

    /// <summary>Top-level transactions, then sub-transactions.</summary>
    public TransactionIdList Xids { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Standby && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one whose list does not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out RunningTransactions running)
    {
        running = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < ListOffset)
        {
            return false;
        }

        var bytes = ((long)BinaryPrimitives.ReadUInt32LittleEndian(data)
            + BinaryPrimitives.ReadUInt32LittleEndian(data[4..])) * sizeof(uint);
        if (bytes > data.Length - ListOffset)
        {
            return false;
        }

        running = new RunningTransactions(
            new TransactionId(BinaryPrimitives.ReadUInt32LittleEndian(data[NextOffset..])),
            new TransactionId(BinaryPrimitives.ReadUInt32LittleEndian(data[OldestOffset..])),
            data[8] != 0,
            data.Slice(ListOffset, (int)bytes));
        return true;
    }
}
