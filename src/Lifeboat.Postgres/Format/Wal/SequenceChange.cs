namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A sequence got a new state: struct xl_seq_rec, sequence.h. It is written ahead for up to 32 values, so that values
/// between are not told.
/// </summary>
public readonly record struct SequenceChange(RelFileLocator Relation)
{
    private const byte Info = 0x00;

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Sequence && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one too short.</summary>
    public static bool TryParse(in WalRecord record, out SequenceChange change)
    {
        change = default;
        if (!Matches(record) || record.MainData.Length < RelFileLocator.Length)
        {
            return false;
        }

        change = new SequenceChange(RelFileLocator.Read(record.MainData));
        return true;
    }
}
