using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Testing.Wal;

/// <summary>
/// Writes WAL as a server would, record behind record over pages and segments, so that a test can have exactly the one
/// it
/// is about. Segments are 1 MiB.
/// </summary>
public sealed class WalBuilder
{
    public static readonly WalSegmentSize Size = new(1 << 20);

    private const ushort Contrecord = 1;
    private const ushort LongHeader = 2;

    private readonly List<byte[]> _segments = [];
    private readonly ulong _firstSegment;
    private readonly ushort _magic;
    private ulong _position;
    private ulong _previous;

    public WalBuilder(int major = 18, ulong firstSegment = 5, ulong systemIdentifier = 7123456789012345678)
    {
        _magic = major switch
        {
            13 => 0xD106,
            14 => 0xD10D,
            15 => 0xD110,
            16 => 0xD113,
            17 => 0xD116,
            _ => 0xD118,
        };
        _firstSegment = firstSegment;
        SystemIdentifier = systemIdentifier;
        _position = firstSegment * (ulong)Size.Bytes;
        _previous = _position - 88;
    }

    public ulong SystemIdentifier { get; }

    public Timeline Timeline { get; } = Timeline.First;

    /// <summary>Where the next record begins, but for the header of a page that it opens.</summary>
    public Lsn Position => new(_position);

    public Lsn LastRecord => new(_previous);

    /// <summary>The segments so far, the last one filled up with zeros.</summary>
    public IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> Segments =>
        [.. _segments.Select((bytes, i) =>
            (new WalSegmentName(Timeline, _firstSegment + (ulong)i, Size), (ReadOnlyMemory<byte>)bytes))];

    /// <summary>A record with main data only.</summary>
    /// <returns>Where it begins.</returns>
    public Lsn Record(ResourceManager rmgr, byte info, ReadOnlySpan<byte> main, uint xid = 0)
    {
        var lengthBytes = main.Length == 0 ? 0 : main.Length < 256 ? 2 : 5;
        var record = new byte[WalRecord.HeaderLength + lengthBytes + main.Length];
        var at = WalRecord.HeaderLength;
        if (main.Length is > 0 and < 256)
        {
            record[at++] = 255;
            record[at++] = (byte)main.Length;
        }
        else if (main.Length > 0)
        {
            record[at++] = 254;
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(at), main.Length);
            at += 4;
        }

        main.CopyTo(record.AsSpan(at));
        return Raw(rmgr, info, record, xid);
    }

    /// <summary>A record whose part behind the fixed header is given; the header and the CRC are filled in.</summary>
    public Lsn Raw(ResourceManager rmgr, byte info, byte[] record, uint xid = 0)
    {
        OpenPage(remaining: 0);
        var start = _position;
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), xid);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), _previous);
        record[16] = info;
        record[17] = (byte)rmgr;
        var crc = Crc32C.Append(Crc32C.Compute(record.AsSpan(WalRecord.HeaderLength)), record.AsSpan(0, 20));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(20), crc);
        for (var written = 0; written < record.Length;)
        {
            OpenPage(record.Length - written);
            var room = WalPageHeader.PageSize - (int)(_position % WalPageHeader.PageSize);
            var here = Math.Min(room, record.Length - written);
            record.AsSpan(written, here).CopyTo(At(_position));
            written += here;
            _position += (ulong)here;
        }

        _position = (_position + 7) & ~7UL;
        _previous = start;
        return new Lsn(start);
    }

    public Lsn Commit(uint xid, long time) =>
        Record(ResourceManager.Transaction, 0x00, BitConverter.GetBytes(time), xid);

    public Lsn Abort(uint xid, long time) =>
        Record(ResourceManager.Transaction, 0x20, BitConverter.GetBytes(time), xid);

    /// <summary>COMMIT PREPARED or ROLLBACK PREPARED: xinfo says that the prepared transaction's id follows.</summary>
    public Lsn EndPrepared(bool commit, uint xid, long time, uint ownXid = 0)
    {
        var main = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(main, time);
        BinaryPrimitives.WriteUInt32LittleEndian(main.AsSpan(8), 1 << 4);
        BinaryPrimitives.WriteUInt32LittleEndian(main.AsSpan(12), xid);
        return Record(ResourceManager.Transaction, (byte)(0x80 | (commit ? 0x30 : 0x40)), main, ownXid);
    }

    public Lsn RestorePoint(string name, long time)
    {
        var main = new byte[72];
        BinaryPrimitives.WriteInt64LittleEndian(main, time);
        System.Text.Encoding.UTF8.GetBytes(name).CopyTo(main, 8);
        return Record(ResourceManager.Xlog, 0x70, main);
    }

    /// <summary>A segment switch: the rest of the segment stays zero.</summary>
    public Lsn Switch()
    {
        var lsn = Record(ResourceManager.Xlog, 0x40, []);
        var segment = (ulong)Size.Bytes;
        _position = (_position + segment - 1) / segment * segment;
        return lsn;
    }

    /// <summary>Records of a few sizes until so many bytes of the segment at hand are used.</summary>
    public WalBuilder FillTo(int bytesOfSegment)
    {
        while (_position % (ulong)Size.Bytes < (ulong)bytesOfSegment)
        {
            Record(ResourceManager.Heap, 0x00, new byte[30 + (int)(_position % 200)], xid: 900);
        }

        return this;
    }

    private void OpenPage(int remaining)
    {
        if (_position % WalPageHeader.PageSize != 0)
        {
            return;
        }

        var isFirst = _position % (ulong)Size.Bytes == 0;
        if (isFirst)
        {
            _segments.Add(new byte[Size.Bytes]);
        }

        var page = At(_position);
        BinaryPrimitives.WriteUInt16LittleEndian(page, _magic);
        BinaryPrimitives.WriteUInt16LittleEndian(
            page[2..], (ushort)((remaining > 0 ? Contrecord : 0) | (isFirst ? LongHeader : 0)));
        BinaryPrimitives.WriteUInt32LittleEndian(page[4..], Timeline.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(page[8..], _position);
        BinaryPrimitives.WriteUInt32LittleEndian(page[16..], (uint)remaining);
        if (isFirst)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[24..], SystemIdentifier);
            BinaryPrimitives.WriteInt32LittleEndian(page[32..], Size.Bytes);
            BinaryPrimitives.WriteInt32LittleEndian(page[36..], WalPageHeader.PageSize);
        }

        _position += (ulong)(isFirst ? WalPageHeader.LongLength : WalPageHeader.ShortLength);
    }

    private Span<byte> At(ulong position)
    {
        var segment = (int)((position / (ulong)Size.Bytes) - _firstSegment);
        return _segments[segment].AsSpan((int)(position % (ulong)Size.Bytes));
    }
}
