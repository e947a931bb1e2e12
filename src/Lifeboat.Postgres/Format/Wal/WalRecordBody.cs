using System.Buffers.Binary;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Walks the headers behind a record's fixed part (xlogrecord.h) once, and leaves where everything is. Reused for every
/// record of a reader, so that none is allocated.
/// <code>
/// fixed header (24) | block headers, ids ascending | origin, top-level xid | main data header | images and data |
/// main data
/// </code>
/// </summary>
internal sealed class WalRecordBody
{
    internal const int MaxBlockId = 32;

    private const byte IdDataShort = 255;
    private const byte IdDataLong = 254;
    private const byte IdOrigin = 253;
    private const byte IdTopLevelXid = 252;

    private const int BlockHeaderLength = 4;
    private const int ImageHeaderLength = 5;
    private const int BlockNumberLength = 4;

    private const byte OldCompressedBit = 0x02;
    private const byte OldApplyBit = 0x04;

    private readonly WalBlockReference[] _blocks = new WalBlockReference[MaxBlockId + 1];

    internal int BlockCount { get; private set; }

    internal int MainOffset { get; private set; }

    internal int MainLength { get; private set; }

    internal uint TopLevelXid { get; private set; }

    internal ushort Origin { get; private set; }

    internal ReadOnlySpan<WalBlockReference> Blocks => _blocks.AsSpan(0, BlockCount);

    /// <returns>Null, or what is wrong with the record, as a sentence fragment.</returns>
    internal string? Decode(ReadOnlySpan<byte> record, int major)
    {
        BlockCount = 0;
        MainLength = 0;
        TopLevelXid = 0;
        Origin = 0;
        var at = WalRecord.HeaderLength;
        long dataLength = 0;
        var relation = default(RelFileLocator);
        while (record.Length - at > dataLength)
        {
            var id = record[at];
            string? fault = null;
            if (id <= MaxBlockId)
            {
                fault = DecodeBlock(record, ref at, ref dataLength, ref relation, major);
            }
            else if (id is IdDataShort or IdDataLong)
            {
                fault = DecodeMainLength(record, ref at);
                dataLength += MainLength;
                if (fault is null)
                {
                    break;
                }
            }
            else
            {
                fault = DecodeSmallField(record, id, ref at);
            }

            if (fault is not null)
            {
                return fault;
            }
        }

        if (record.Length - at != dataLength)
        {
            return "its parts do not add up to its length";
        }

        PlaceData(at);
        return null;
    }

    private string? DecodeBlock(
        ReadOnlySpan<byte> record, ref int at, ref long dataLength, ref RelFileLocator relation, int major)
    {
        var rest = record[at..];
        if (rest.Length < BlockHeaderLength)
        {
            return "a block reference is cut off";
        }

        byte id = rest[0], flags = rest[1];
        var dataBytes = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
        if (BlockCount > 0 && id <= _blocks[BlockCount - 1].Id)
        {
            return "its block references are out of order";
        }

        if ((flags & WalBlockReference.HasDataFlag) != 0 != (dataBytes != 0))
        {
            return "a block reference contradicts itself about data";
        }

        var used = BlockHeaderLength;
        ref var block = ref _blocks[BlockCount];
        if ((flags & WalBlockReference.HasImageFlag) == 0)
        {
            block.ImageLength = 0;
            block.HoleOffset = 0;
            block.HoleLength = 0;
            block.ImageForm = WalImageForm.None;
        }
        else if (DecodeImageHeader(rest, ref used, major, ref block) is { } fault)
        {
            return fault;
        }

        if ((flags & WalBlockReference.SameRelFlag) == 0)
        {
            if (rest.Length < used + RelFileLocator.Length + BlockNumberLength)
            {
                return "a block reference is cut off";
            }

            relation = RelFileLocator.Read(rest[used..]);
            used += RelFileLocator.Length;
        }
        else if (BlockCount == 0)
        {
            return "its first block reference names no relation";
        }
        else if (rest.Length < used + BlockNumberLength)
        {
            return "a block reference is cut off";
        }

        block.Id = id;
        block.ForkFlags = flags;
        block.Relation = relation;
        block.Block = BinaryPrimitives.ReadUInt32LittleEndian(rest[used..]);
        block.DataLength = dataBytes;
        BlockCount++;
        at += used + BlockNumberLength;
        dataLength += dataBytes + block.ImageLength;
        return null;
    }

    private string? DecodeMainLength(ReadOnlySpan<byte> record, ref int at)
    {
        var isShort = record[at++] == IdDataShort;
        if (record.Length - at < (isShort ? 1 : 4))
        {
            return "its main data header is cut off";
        }

        var length = isShort ? record[at] : BinaryPrimitives.ReadUInt32LittleEndian(record[at..]);
        at += isShort ? 1 : 4;
        if (length > record.Length)
        {
            return "its main data is longer than itself";
        }

        MainLength = (int)length;
        return null;
    }

    private string? DecodeSmallField(ReadOnlySpan<byte> record, byte id, ref int at)
    {
        var rest = record[(at + 1)..];
        if (id == IdOrigin && rest.Length >= 2)
        {
            Origin = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            at += 3;
            return null;
        }

        if (id == IdTopLevelXid && rest.Length >= 4)
        {
            TopLevelXid = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            at += 5;
            return null;
        }

        return $"a part of it has the unknown id {id}, or is cut off";
    }

    /// <summary>Images and data lie behind all headers, in the order of the references.</summary>
    private void PlaceData(int at)
    {
        foreach (ref var block in _blocks.AsSpan(0, BlockCount))
        {
            block.ImageOffset = at;
            at += block.ImageLength + block.DataLength;
        }

        MainOffset = at;
    }

    private static string? DecodeImageHeader(
        ReadOnlySpan<byte> rest, ref int used, int major, ref WalBlockReference block)
    {
        if (rest.Length < used + ImageHeaderLength + sizeof(ushort))
        {
            return "the header of a page image is cut off";
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(rest[used..]);
        var holeOffset = BinaryPrimitives.ReadUInt16LittleEndian(rest[(used + 2)..]);
        var form = FormOf(rest[used + 4], major);
        used += ImageHeaderLength;
        var hasHole = (form & WalImageForm.HasHole) != WalImageForm.None;
        ushort holeLength = 0;
        if ((form & WalImageForm.Compressed) == WalImageForm.None)
        {
            if (length > WalPageHeader.PageSize)
            {
                return "a page image is larger than a page";
            }

            holeLength = (ushort)(WalPageHeader.PageSize - length);
        }
        else if (hasHole)
        {
            holeLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[used..]);
            used += sizeof(ushort);
        }

        if (hasHole != (holeLength != 0) || (!hasHole && holeOffset != 0)
            || holeOffset + holeLength > WalPageHeader.PageSize)
        {
            return "a page image contradicts itself about its hole";
        }

        block.ImageLength = length;
        block.HoleOffset = holeOffset;
        block.HoleLength = holeLength;
        block.ImageForm = form;
        return null;
    }

    /// <summary>Version 15 gave two of the bits another meaning.</summary>
    private static WalImageForm FormOf(byte info, int major)
    {
        if (major >= 15)
        {
            return (WalImageForm)info;
        }

        return (WalImageForm)(info & (byte)WalImageForm.HasHole)
            | ((info & OldCompressedBit) != 0 ? WalImageForm.CompressedPglz : WalImageForm.None)
            | ((info & OldApplyBit) != 0 ? WalImageForm.Apply : WalImageForm.None);
    }
}
