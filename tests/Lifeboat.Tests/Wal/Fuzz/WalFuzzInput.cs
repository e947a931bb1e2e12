using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>
/// A few pages of WAL made of records of the corpus, and then spoiled: records before their CRC is computed, so that
/// what is behind the CRC is reached, or pages after it. Its memory is used again for the next input.
/// </summary>
internal sealed class WalFuzzInput
{
    private const int MostPages = 12;
    private const int MostRecords = 12;
    private const int WalRecordInfo = 16;
    private const int WalRecordRmgr = 17;
    private const ulong SystemIdentifier = 7123456789012345678;

    private static readonly WalSegmentSize Size = new(1 << 20);
    private static readonly byte[] Extremes = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, 252, 253, 254, 255, 32, 33];

    private readonly byte[] _buffer = new byte[MostPages * WalPageHeader.PageSize];
    private readonly byte[] _record = new byte[4 * WalPageHeader.PageSize];
    private Random _random = new(0);
    private ulong _position;
    private ulong _previous;

    /// <summary>The version whose pages these are: a record can come from another one.</summary>
    internal int Major { get; private set; }

    internal bool IsSpoiled { get; private set; }

    /// <summary>Where the run begins.</summary>
    internal ulong Start { get; private set; }

    /// <summary>Bytes of the run: whole pages.</summary>
    internal int Length { get; private set; }

    /// <summary>The records written, spoiled or not.</summary>
    internal List<byte[]> Written { get; } = [];

    internal ReadOnlyMemory<byte> Content => _buffer.AsMemory(0, Length);

    internal WalSegmentName SegmentAt(ulong position) =>
        new(Timeline.First, position / (ulong)Size.Bytes, Size);

    /// <summary>How many of the run's bytes lie in its first segment.</summary>
    internal int InFirstSegment => (int)Math.Min((ulong)Length, (ulong)Size.Bytes - (Start % (ulong)Size.Bytes));

    internal void Make(Random random)
    {
        _random = random;
        Array.Clear(_buffer, 0, Length);
        Length = 0;
        Written.Clear();
        Major = WalFuzzCorpus.Majors[random.Next(WalFuzzCorpus.Majors.Count)];
        var page = random.Next(3) switch
        {
            0 => 0,
            1 => random.Next(Size.Bytes / WalPageHeader.PageSize),
            _ => (Size.Bytes / WalPageHeader.PageSize) - 1,
        };
        Start = (5 * (ulong)Size.Bytes) + (ulong)(page * WalPageHeader.PageSize);
        _position = Start;
        _previous = Start - 88;

        // A third of all inputs has good records and bad pages, a third the other way; some are good throughout.
        var way = random.Next(8);
        IsSpoiled = way != 0;
        for (var i = random.Next(1, MostRecords); i > 0; i--)
        {
            if (!TryWrite(spoil: way is 1 or 2 or 3 or 4 && (i == 1 || random.Next(3) == 0)))
            {
                break;
            }
        }

        Length = (int)((_position - Start + (WalPageHeader.PageSize - 1)) / WalPageHeader.PageSize)
            * WalPageHeader.PageSize;
        for (var i = way >= 4 ? random.Next(1, 4) : 0; i > 0; i--)
        {
            SpoilPages();
        }
    }

    private bool TryWrite(bool spoil)
    {
        var corpus = WalFuzzCorpus.Of(
            spoil && _random.Next(8) == 0 ? WalFuzzCorpus.Majors[_random.Next(4)] : Major);
        var original = corpus[_random.Next(corpus.Length)];
        while (IsSwitch(original))
        {
            // Behind one of those nothing more is read in its segment.
            original = corpus[_random.Next(corpus.Length)];
        }

        var length = original.Length;
        original.CopyTo(_record, 0);
        for (var i = spoil ? _random.Next(1, 5) : 0; i > 0; i--)
        {
            length = SpoilRecord(length);
        }

        if (_position - Start + (ulong)length + 2048 > (ulong)((MostPages - 3) * WalPageHeader.PageSize))
        {
            return false;
        }

        Write(_record.AsSpan(0, length));
        return true;
    }

    private static bool IsSwitch(byte[] record) =>
        record[WalRecordRmgr] == (byte)ResourceManager.Xlog && (record[WalRecordInfo] & 0xF0) == 0x40;

    /// <returns>The length it has now.</returns>
    private int SpoilRecord(int length)
    {
        var body = WalRecord.HeaderLength;
        if (length <= body + 4)
        {
            _record[WalRecordInfo + _random.Next(2)] ^= (byte)(1 << _random.Next(8));
            return length;
        }

        // Where lengths and counts stand, near the beginning, most is to be had.
        var at = _random.Next(2) == 0
            ? _random.Next(body, Math.Min(length, body + 40))
            : _random.Next(body, length);
        switch (_random.Next(9))
        {
            case 0:
                _record[at] ^= (byte)(1 << _random.Next(8));
                return length;
            case 1:
                _record[at] = Extremes[_random.Next(Extremes.Length)];
                return length;
            case 2:
                _random.NextBytes(_record.AsSpan(at, Math.Min(length - at, _random.Next(1, 9))));
                return length;
            case 3:
                _record.AsSpan(at, Math.Min(length - at, _random.Next(1, 9))).Fill((byte)(_random.Next(2) * 255));
                return length;
            case 4:
                return _random.Next(body, length);
            case 5:
                var longer = Math.Min(_record.Length, length + _random.Next(1, _random.Next(4) == 0 ? 20000 : 64));
                _random.NextBytes(_record.AsSpan(length, longer - length));
                return longer;
            case 6:
                _record[WalRecordInfo] = (byte)_random.Next(256);
                return length;
            case 7:
                _record[WalRecordRmgr] = (byte)_random.Next(_random.Next(4) == 0 ? 256 : 22);
                return length;
            default:
                // Part of a record moves: what follows is taken for something else.
                var from = _random.Next(body, length);
                var count = Math.Min(length - Math.Max(at, from), _random.Next(1, 40));
                _record.AsSpan(from, count).CopyTo(_record.AsSpan(at));
                return length;
        }
    }

    private void Write(Span<byte> record)
    {
        OpenPage(remaining: 0);
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], _previous);
        _previous = _position;
        var crc = Crc32C.Append(Crc32C.Compute(record[WalRecord.HeaderLength..]), record[..20]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[20..], crc);
        Written.Add(record.ToArray());
        for (var written = 0; written < record.Length;)
        {
            OpenPage(record.Length - written);
            var room = WalPageHeader.PageSize - (int)(_position % WalPageHeader.PageSize);
            var here = Math.Min(room, record.Length - written);
            record.Slice(written, here).CopyTo(_buffer.AsSpan((int)(_position - Start)));
            written += here;
            _position += (ulong)here;
        }

        _position = (_position + 7) & ~7UL;
    }

    private void OpenPage(int remaining)
    {
        if (_position % WalPageHeader.PageSize != 0)
        {
            return;
        }

        var isFirst = _position % (ulong)Size.Bytes == 0;
        var page = _buffer.AsSpan((int)(_position - Start));
        BinaryPrimitives.WriteUInt16LittleEndian(page, Major switch
        {
            13 => 0xD106,
            15 => 0xD110,
            17 => 0xD116,
            _ => 0xD118,
        });
        BinaryPrimitives.WriteUInt16LittleEndian(page[2..], (ushort)((remaining > 0 ? 1 : 0) | (isFirst ? 2 : 0)));
        BinaryPrimitives.WriteUInt32LittleEndian(page[4..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(page[8..], _position);
        BinaryPrimitives.WriteInt32LittleEndian(page[16..], remaining);
        if (isFirst)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[24..], SystemIdentifier);
            BinaryPrimitives.WriteInt32LittleEndian(page[32..], Size.Bytes);
            BinaryPrimitives.WriteInt32LittleEndian(page[36..], WalPageHeader.PageSize);
        }

        _position += (ulong)(isFirst ? WalPageHeader.LongLength : WalPageHeader.ShortLength);
    }

    private void SpoilPages()
    {
        var run = _buffer.AsSpan(0, Length);
        var at = _random.Next(Length - 64);
        if (_random.Next(2) == 0)
        {
            at = (at / WalPageHeader.PageSize * WalPageHeader.PageSize) + _random.Next(WalPageHeader.LongLength);
        }

        switch (_random.Next(6))
        {
            case 0:
                run[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                _random.NextBytes(run.Slice(at, _random.Next(1, 64)));
                break;
            case 2:
                run.Slice(at, _random.Next(1, 64)).Fill((byte)(_random.Next(2) * 255));
                break;
            case 3:
                run[at..].Clear();
                break;
            case 4:
                run[at] = Extremes[_random.Next(Extremes.Length)];
                break;
            default:
                // A page stands where another one belongs.
                var pages = Length / WalPageHeader.PageSize;
                run.Slice(_random.Next(pages) * WalPageHeader.PageSize, WalPageHeader.PageSize)
                    .CopyTo(run[(_random.Next(pages) * WalPageHeader.PageSize)..]);
                break;
        }
    }
}
