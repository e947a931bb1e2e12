namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A TRUNCATE as logical decoding is told of it: struct xl_heap_truncate, heapam_xlog.h. It is written only where
/// wal_level is logical, and only for tables that are logically logged. What a TRUNCATE always leaves is the old files
/// among the dropped relations of its commit, and new ones by <see cref="SmgrCreate"/>.
/// <code>0 uint32 database   4 uint32 count   8 uint8 flags   12 relations, then sequences that start anew</code>
/// </summary>
public readonly ref struct HeapTruncate
{
    private const byte OperationMask = 0x70;
    private const byte Operation = 0x30;
    private const int PaddedFlagsLength = 4;
    private const byte CascadeFlag = 1 << 0;
    private const byte RestartSequencesFlag = 1 << 1;

    private HeapTruncate(uint database, byte flags, ReadOnlySpan<byte> relations)
    {
        Database = database;
        IsCascade = (flags & CascadeFlag) != 0;
        RestartsSequences = (flags & RestartSequencesFlag) != 0;
        Relations = new OidList(relations);
    }

    public uint Database { get; }

    public bool IsCascade { get; }

    public bool RestartsSequences { get; }

    /// <summary>The tables, by their oids in pg_class, which are not the numbers of their files.</summary>
    public OidList Relations { get; }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Heap && (record.Info & OperationMask) == Operation;

    /// <summary>False for another kind of record, and for one whose list does not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out HeapTruncate truncate)
    {
        truncate = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record)
            || !fields.TakeUInt32(out var database)
            || !fields.TakeUInt32(out var count)
            || !fields.Take(PaddedFlagsLength, out var flags)
            || !fields.TakeElements(count, sizeof(uint), out var relations))
        {
            return false;
        }

        truncate = new HeapTruncate(database, flags[0], relations);
        return true;
    }
}
