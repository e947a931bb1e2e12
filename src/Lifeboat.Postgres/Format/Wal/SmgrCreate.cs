using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>A fork of a relation came into being, empty: struct xl_smgr_create, storage_xlog.h.</summary>
public readonly record struct SmgrCreate(RelFileLocator Relation, RelationFork Fork)
{
    private const byte Info = 0x10;
    private const int ForkOffset = RelFileLocator.Length;
    private const int Length = ForkOffset + sizeof(int);

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Storage && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, for one too short, and for a fork that PostgreSQL has not.</summary>
    public static bool TryParse(in WalRecord record, out SmgrCreate create)
    {
        create = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < Length)
        {
            return false;
        }

        var fork = BinaryPrimitives.ReadUInt32LittleEndian(data[ForkOffset..]);
        create = new SmgrCreate(RelFileLocator.Read(data), (RelationFork)fork);
        return fork <= (uint)RelationFork.Init;
    }
}
