namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// One block that a record changes or shows: struct XLogRecordBlockHeader and what follows it, xlogrecord.h. Positions
/// are bytes within the whole record.
/// </summary>
/// <remarks>Not read-only so that the decoder can fill it in where it stays: a copy for each costs as much.</remarks>
public record struct WalBlockReference
{
    internal const byte HasImageFlag = 0x10;
    internal const byte HasDataFlag = 0x20;
    internal const byte WillInitFlag = 0x40;
    internal const byte SameRelFlag = 0x80;
    internal const byte ForkMask = 0x0F;

    /// <summary>The number of the reference within its record, 0 to 32.</summary>
    public byte Id { readonly get; internal set; }

    /// <summary>fork_flags as it stands in the record.</summary>
    public byte ForkFlags { readonly get; internal set; }

    public RelFileLocator Relation { readonly get; internal set; }

    public uint Block { readonly get; internal set; }

    /// <summary>Bytes of the resource manager's own data for this block.</summary>
    public ushort DataLength { readonly get; internal set; }

    /// <summary>Bytes of the page image as stored: without the hole, perhaps compressed. 0 without an image.</summary>
    public ushort ImageLength { readonly get; internal set; }

    /// <summary>Where in the page the bytes that were left out, all zero, begin.</summary>
    public ushort HoleOffset { readonly get; internal set; }

    /// <summary>How many bytes were left out of the image.</summary>
    public ushort HoleLength { readonly get; internal set; }

    /// <summary>Where in the record the image begins, or would begin.</summary>
    public int ImageOffset { readonly get; internal set; }

    public WalImageForm ImageForm { readonly get; internal set; }

    public readonly RelationFork Fork => (RelationFork)(ForkFlags & ForkMask);

    public readonly bool HasImage => (ForkFlags & HasImageFlag) != 0;

    /// <summary>Replay makes the page anew, without reading it.</summary>
    public readonly bool WillInit => (ForkFlags & WillInitFlag) != 0;

    public readonly bool HasData => (ForkFlags & HasDataFlag) != 0;

    /// <summary>The record names no relation here: it is that of the reference before.</summary>
    public readonly bool IsSameRelation => (ForkFlags & SameRelFlag) != 0;

    /// <summary>Replay puts the image in place. Without this it only serves wal_consistency_checking.</summary>
    public readonly bool AppliesImage => HasImage && (ImageForm & WalImageForm.Apply) != WalImageForm.None;

    /// <summary>Where in the record the resource manager's data for this block begins.</summary>
    public readonly int DataOffset => ImageOffset + ImageLength;
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
