namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// One block that a record changes or shows: struct XLogRecordBlockHeader and what follows it, xlogrecord.h. Positions
/// are bytes within the whole record.
/// </summary>
public readonly record struct WalBlockReference
{
    internal const byte HasImageFlag = 0x10;
    internal const byte HasDataFlag = 0x20;
    internal const byte WillInitFlag = 0x40;
    internal const byte SameRelFlag = 0x80;
    internal const byte ForkMask = 0x0F;

    /// <summary>The number of the reference within its record, 0 to 32.</summary>
    public required byte Id { get; init; }

    /// <summary>fork_flags as it stands in the record.</summary>
    public required byte ForkFlags { get; init; }

    public required RelFileLocator Relation { get; init; }

    public required uint Block { get; init; }

    /// <summary>Bytes of the resource manager's own data for this block.</summary>
    public required ushort DataLength { get; init; }

    /// <summary>Bytes of the page image as stored: without the hole, perhaps compressed. 0 without an image.</summary>
    public required ushort ImageLength { get; init; }

    /// <summary>Where in the page the bytes that were left out, all zero, begin.</summary>
    public required ushort HoleOffset { get; init; }

    /// <summary>How many bytes were left out of the image.</summary>
    public required ushort HoleLength { get; init; }

    /// <summary>Where in the record the image begins, or would begin.</summary>
    public required int ImageOffset { get; init; }

    public required WalImageForm ImageForm { get; init; }

    public RelationFork Fork => (RelationFork)(ForkFlags & ForkMask);

    public bool HasImage => (ForkFlags & HasImageFlag) != 0;

    /// <summary>Replay makes the page anew, without reading it.</summary>
    public bool WillInit => (ForkFlags & WillInitFlag) != 0;

    public bool HasData => (ForkFlags & HasDataFlag) != 0;

    /// <summary>The record names no relation here: it is that of the reference before.</summary>
    public bool IsSameRelation => (ForkFlags & SameRelFlag) != 0;

    /// <summary>Replay puts the image in place. Without this it only serves wal_consistency_checking.</summary>
    public bool AppliesImage => HasImage && (ImageForm & WalImageForm.Apply) != WalImageForm.None;

    /// <summary>Where in the record the resource manager's data for this block begins.</summary>
    public int DataOffset => ImageOffset + ImageLength;
}

/// <summary>How a page image is stored: bimg_info of xlogrecord.h, in the bits of version 15 and later.</summary>
[Flags]
public enum WalImageForm : byte
{
    None = 0,
    HasHole = 0x01,
    Apply = 0x02,
    CompressedPglz = 0x04,
    CompressedLz4 = 0x08,
    CompressedZstd = 0x10,
    Compressed = CompressedPglz | CompressedLz4 | CompressedZstd,
}
