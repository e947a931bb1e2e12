using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Transaction ids as they lie in a record, and as long as that does.</summary>
public readonly ref struct TransactionIdList
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal TransactionIdList(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int Count => _bytes.Length / sizeof(uint);

    public TransactionId this[int index] =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Slice(index * sizeof(uint), sizeof(uint))));
}

/// <summary>Object ids as they lie in a record, and as long as that does.</summary>
public readonly ref struct OidList
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal OidList(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int Count => _bytes.Length / sizeof(uint);

    public uint this[int index] =>
        BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Slice(index * sizeof(uint), sizeof(uint)));
}

/// <summary>Relations as they lie in a record, and as long as that does.</summary>
public readonly ref struct RelFileLocatorList
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal RelFileLocatorList(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int Count => _bytes.Length / RelFileLocator.Length;

    public RelFileLocator this[int index] =>
        RelFileLocator.Read(_bytes.Slice(index * RelFileLocator.Length, RelFileLocator.Length));
}
