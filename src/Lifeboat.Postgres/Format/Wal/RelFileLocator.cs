using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// The files of a relation: tablespace, database (0 for shared relations) and relfilenode, in the order in which WAL
/// has
/// them (struct RelFileLocator, relfilelocator.h; RelFileNode up to 15).
/// </summary>
public readonly record struct RelFileLocator(uint Tablespace, uint Database, uint RelNumber)
{
    internal const int Length = 12;

    // By hand: the compiler's own asks three default comparers, which a program that starts anew for each segment would
    // have to make first.
    public bool Equals(RelFileLocator other) =>
        Tablespace == other.Tablespace && Database == other.Database && RelNumber == other.RelNumber;

    public override int GetHashCode() => HashCode.Combine(Tablespace, Database, RelNumber);

    internal static RelFileLocator Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));

    /// <summary>As pg_waldump prints it: <c>1663/5/16384</c>.</summary>
    public override string ToString() => $"{Tablespace}/{Database}/{RelNumber}";
}

/// <summary>The forks of a relation, by number (relpath.h).</summary>
public enum RelationFork : byte
{
    Main = 0,

    /// <summary>The free space map.</summary>
    Fsm = 1,

    /// <summary>The visibility map.</summary>
    VisibilityMap = 2,

    /// <summary>What an unlogged relation is reset to.</summary>
    Init = 3,
}
