using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>The forks that a truncation cuts: SMGR_TRUNCATE_HEAP and its neighbours, storage_xlog.h.</summary>
[Flags]
public enum SmgrTruncateForks : uint
{
    None = 0,

    /// <summary>The main fork, to the block number of the record.</summary>
    Heap = 1,

    /// <summary>The visibility map, to the length that describes so many blocks of the main fork.</summary>
    VisibilityMap = 2,

    /// <summary>The free space map, likewise.</summary>
    Fsm = 4,
}

/// <summary>
/// A relation was cut at its end, by VACUUM, or by TRUNCATE in the transaction that made it: struct xl_smgr_truncate,
/// storage_xlog.h. TRUNCATE otherwise gives the relation new files: see <see cref="HeapTruncate"/>.
/// </summary>
/// <param name="Block">The new length of the main fork in blocks.</param>
public readonly record struct SmgrTruncate(RelFileLocator Relation, uint Block, SmgrTruncateForks Forks)
{
    private const byte Info = 0x20;
    private const int RelationOffset = 4;
    private const int ForksOffset = RelationOffset + RelFileLocator.Length;
    private const int Length = ForksOffset + sizeof(int);

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Storage && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one too short.</summary>
    public static bool TryParse(in WalRecord record, out SmgrTruncate truncate)
    {
        truncate = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < Length)
        {
            return false;
        }

        truncate = new SmgrTruncate(
            RelFileLocator.Read(data[RelationOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(data),
            (SmgrTruncateForks)BinaryPrimitives.ReadUInt32LittleEndian(data[ForksOffset..]));
        return true;
    }
}
