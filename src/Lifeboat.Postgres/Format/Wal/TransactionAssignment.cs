namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Sub-transactions and whose they are: struct xl_xact_assignment, xact.h. It is written once 64 of them gathered under
/// one transaction; of fewer only the commit or abort tells (<see cref="TransactionEnd.Subxacts"/>), and where wal_level
/// is logical the first record of each (<see cref="WalRecord.TopLevelXid"/>, since 14).
/// </summary>
public readonly ref struct TransactionAssignment
{
    private const byte OperationMask = 0x70;
    private const byte Operation = 0x50;

    private TransactionAssignment(uint top, ReadOnlySpan<byte> subxacts)
    {
        Top = new TransactionId(top);
        Subxacts = new TransactionIdList(subxacts);
    }

    /// <summary>The top-level transaction.</summary>
    public TransactionId Top { get; }

    public TransactionIdList Subxacts { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Transaction && (record.Info & OperationMask) == Operation;

    /// <summary>False for another kind of record, and for one whose list does not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out TransactionAssignment assignment)
    {
        assignment = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record)
            || !fields.TakeUInt32(out var top)
            || !fields.TakeList(isThere: true, sizeof(uint), out var subxacts))
        {
            return false;
        }

        assignment = new TransactionAssignment(top, subxacts);
        return true;
    }
}
