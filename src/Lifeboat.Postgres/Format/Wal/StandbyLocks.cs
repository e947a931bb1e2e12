using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>A transaction holds a relation for itself alone: struct xl_standby_lock, lockdefs.h.</summary>
/// <param name="Xid">The top-level transaction, or a sub-transaction of it.</param>
/// <param name="Database">0 for shared relations.</param>
/// <param name="Relation">By its oid in pg_class, which is not the number of its files.</param>
public readonly record struct StandbyLock(TransactionId Xid, uint Database, uint Relation);

/// <summary>
/// Access exclusive locks: struct xl_standby_locks, standbydefs.h. Every DROP and TRUNCATE of a permanent table, and
/// most ALTERs, take one, and write it here before they change anything, where wal_level is above minimal. All locks
/// that are held are written again at each checkpoint.
/// </summary>
public readonly ref struct StandbyLocks
{
    private const byte Info = 0x00;
    private const int LockLength = 12;

    private readonly ReadOnlySpan<byte> _locks;

    private StandbyLocks(ReadOnlySpan<byte> locks) => _locks = locks;

    public int Count => _locks.Length / LockLength;

    public StandbyLock this[int index]
    {
        get
        {
            var held = _locks.Slice(index * LockLength, LockLength);
            return new StandbyLock(
                new TransactionId(BinaryPrimitives.ReadUInt32LittleEndian(held)),
                BinaryPrimitives.ReadUInt32LittleEndian(held[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(held[8..]));
        }
    }

    public static bool Matches(in WalRecord record) =>
        record.RmgrId == (byte)ResourceManager.Standby && record.RmgrInfo == Info;

    /// <summary>False for another kind of record, and for one whose list does not fit in it.</summary>
    public static bool TryParse(in WalRecord record, out StandbyLocks locks)
    {
        locks = default;
        var fields = new WalFieldReader(record.MainData);
        if (!Matches(record) || !fields.TakeList(isThere: true, LockLength, out var list))
        {
            return false;
        }

        locks = new StandbyLocks(list);
        return true;
    }
}
