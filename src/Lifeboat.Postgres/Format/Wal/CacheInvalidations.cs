using System.Buffers.Binary;
using System.Numerics;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// One message to the caches of other sessions: union SharedInvalidationMessage, sinval.h.
/// <code>0 int8 id   4 uint32 database   8 uint32 hash of the cache key (id ≥ 0), or the relation's oid (id = -2)</code>
/// </summary>
/// <param name="Id">0 and up: a catalog cache, whose numbers differ by version; negative: another kind.</param>
/// <param name="Database">0 for shared catalogs.</param>
/// <param name="Value">What its kind has: a hash or an oid.</param>
public readonly record struct CacheInvalidation(sbyte Id, uint Database, uint Value)
{
    /// <summary>The value is the hash of a catalog row's key.</summary>
    public bool IsOfCatalogRow => Id >= 0;
}

/// <summary>The messages of a commit as they lie in its record, and as long as that does.</summary>
public readonly ref struct CacheInvalidationList
{
    internal const int ElementLength = 16;

    private readonly ReadOnlySpan<byte> _bytes;

    internal CacheInvalidationList(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int Count => _bytes.Length / ElementLength;

    public CacheInvalidation this[int index]
    {
        get
        {
            var message = _bytes.Slice(index * ElementLength, ElementLength);
            return new CacheInvalidation(
                (sbyte)message[0],
                BinaryPrimitives.ReadUInt32LittleEndian(message[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(message[8..]));
        }
    }
}

/// <summary>
/// The hash by which catalog caches know a row of pg_attribute: its relation's oid and its number, each through
/// murmurhash32 (common/hashfn.h), the second rotated by 8 bits (CatalogCacheComputeHashValue, catcache.c); the same
/// from 13 to 18.
/// </summary>
/// <remarks>
/// The row of a system column (ctid is number -1) is written when its table is made and deleted when the table is
/// dropped, and never between. So a commit that carries its hash made or dropped the table, whatever else it did.
/// </remarks>
public static class AttributeCacheHash
{
    private const short CtidNumber = -1;
    private const int SecondKeyRotation = 8;

    public static uint OfCtid(uint relation) => Of(relation, CtidNumber);

    internal static uint Of(uint relation, short attribute) =>
        BitOperations.RotateLeft(Murmur(unchecked((uint)attribute)), SecondKeyRotation) ^ Murmur(relation);

    private static uint Murmur(uint value)
    {
        unchecked
        {
            value ^= value >> 16;
            value *= 0x85EBCA6B;
            value ^= value >> 13;
            value *= 0xC2B2AE35;
            return value ^ (value >> 16);
        }
    }
}
