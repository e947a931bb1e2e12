using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Reads records forward through a contiguous run of WAL that its caller supplies in pieces. It does no I/O and throws
/// for no content whatever: garbage is a state with a position and a reason.
/// </summary>
/// <remarks>
/// The caller owns what it supplies and leaves it alone until the reader asks for more. The reader keeps no more than
/// one
/// unfinished record besides, and grows for it only as its bytes arrive.
/// <code>
/// reader.Supply(name, content);
/// while (reader.TryRead(out var record)) { … }
/// // reader.State: NeedsMore → supply what follows; EndOfWal, Unreadable → reader.Position, reader.Reason
/// </code>
/// The checks are those of PostgreSQL's xlogreader.c: whoever reads on behind one of them reads what replay never
/// would.
/// </remarks>
public sealed partial class WalRecordReader(WalReaderOptions options)
{
    private const int Alignment = 8;

    private readonly WalRecordBody _body = new();

    private ReadOnlyMemory<byte> _piece;
    private WalSegmentName _segment;
    private ulong _pieceStart;
    private ulong _pieceEnd;
    private ulong _position;

    private WalPageHeader _page;
    private Lsn _previous;
    private bool _supplied;
    private bool _started;

    public WalRecordReader()
        : this(WalReaderOptions.Default)
    {
    }

    /// <summary>Meaningful after <see cref="TryRead"/> has answered false.</summary>
    public WalReaderState State { get; private set; } = WalReaderState.NeedsMore;

    /// <summary>
    /// Where reading stands: the next byte wanted; at the end of WAL and in what is unreadable, the first position that
    /// holds no record, which is the beginning of an unfinished one.
    /// </summary>
    public Lsn Position =>
        State == WalReaderState.NeedsMore || !IsAssembling ? new Lsn(_position) : UnfinishedRecord!.Value;

    /// <summary>Why reading ended, as a sentence fragment; empty while it has not.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>The major version that wrote what was read; 0 before the first page.</summary>
    public int Major { get; private set; }

    /// <summary>Of the first segment read; 0 before.</summary>
    public ulong SystemIdentifier { get; private set; }

    /// <summary>
    /// Bytes at the head of the run that belong to a record which began before it, without page headers and padding.
    /// </summary>
    public long HeadFragmentLength { get; private set; }

    /// <summary>
    /// The record whose continuation was overwritten after a crash, the last one met; null when none was.
    /// </summary>
    public Lsn? AbortedRecord { get; private set; }

    /// <summary>
    /// Gives the reader what follows what it has. The first call decides where the run begins; later ones must go on at
    /// <see cref="NextWanted"/>, or begin the segment in which <see cref="Position"/> lies.
    /// </summary>
    /// <param name="segment">The segment to which the content belongs.</param>
    /// <param name="content">
    /// Its bytes. Whole pages are read; what is behind the last whole page is not, and has to be supplied again with
    /// the
    /// rest of that page.
    /// </param>
    /// <param name="offset">Where in the segment the content begins: a multiple of the page size.</param>
    /// <exception cref="InvalidOperationException">The content does not follow, or what was supplied is not used
    /// up.</exception>
    public void Supply(WalSegmentName segment, ReadOnlyMemory<byte> content, int offset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset % WalPageHeader.PageSize, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)offset + content.Length, segment.Size.Bytes);
        // The last segment of all would end behind the last LSN.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            segment.Number, (ulong.MaxValue / (ulong)segment.Size.Bytes) - 1);
        var start = segment.Start.Value + (ulong)offset;
        var first = !_supplied;
        if (!first)
        {
            if (State != WalReaderState.NeedsMore || _position < _pieceEnd)
            {
                throw new InvalidOperationException($"the WAL reader still reads at {Position}");
            }

            if (start != _pieceEnd && start != segment.Size.StartOf(segment.Size.SegmentOf(new Lsn(_position))).Value)
            {
                throw new InvalidOperationException($"WAL from {new Lsn(start)} does not follow {NextWanted}");
            }
        }

        _supplied = true;
        _segment = segment;
        _piece = content;
        _pieceStart = start;
        _pieceEnd = start + (ulong)(content.Length - (content.Length % WalPageHeader.PageSize));
        if (first)
        {
            _position = start;
        }
    }

    /// <summary>The position with which the next piece has to begin.</summary>
    public Lsn NextWanted => new(Math.Max(_pieceEnd, _position - (_position % WalPageHeader.PageSize)));

    /// <summary>The next record; false when <see cref="State"/> says why there is none.</summary>
    public bool TryRead(out WalRecord record)
    {
        record = default;
        if (State != WalReaderState.NeedsMore || (!_started && !TryStart()))
        {
            return false;
        }

        while (_position < _pieceEnd)
        {
            var at = (int)(_position - _pieceStart);
            var done = at % WalPageHeader.PageSize == 0 ? EnterPage(at, out record) : ReadAt(at, out record);
            if (done)
            {
                return State == WalReaderState.NeedsMore;
            }
        }

        return false;
    }

    /// <summary>
    /// Finds the page of the start asked for, which must be known to be WAL before a record is taken from it.
    /// </summary>
    private bool TryStart()
    {
        if (_pieceEnd <= _pieceStart)
        {
            return false;
        }

        _started = true;
        if (options.Start is not { } start)
        {
            return true;
        }

        if (start.Value < _pieceStart || start.Value >= _pieceEnd)
        {
            _position = start.Value;
            return Stop(
                WalReaderState.Unreadable,
                $"reading was to start there, and what was supplied begins at {new Lsn(_pieceStart)}");
        }

        var pageStart = start.Value - (start.Value % WalPageHeader.PageSize);
        _position = pageStart;
        if (pageStart == start.Value)
        {
            return true;
        }

        if (!CheckPage((int)(pageStart - _pieceStart)))
        {
            return false;
        }

        _position = start.Value;
        return (start.Value - pageStart >= (ulong)_page.Length && start.Value % Alignment == 0)
            || Stop(WalReaderState.Unreadable, "no record can begin there");
    }

    /// <summary>Reads the record that begins at a place inside a page already checked.</summary>
    /// <returns>Whether there is an answer: a record, or a state that is final.</returns>
    private bool ReadAt(int at, out WalRecord record)
    {
        record = default;
        var room = WalPageHeader.PageSize - (at % WalPageHeader.PageSize);
        var here = _piece.Span.Slice(at, room);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(here);
        if (length < WalRecord.HeaderLength)
        {
            return StopAtLength(here, length);
        }

        if (length > WalVersion.MaxRecordLength(Major))
        {
            Stop(WalReaderState.Unreadable, $"a record claims {length} bytes, more than PostgreSQL {Major} writes");
            return true;
        }

        if (room >= WalRecord.HeaderLength && !CheckRecordHeader(here, _position))
        {
            return true;
        }

        if (length > (uint)room)
        {
            BeginAssembly(here, (int)length);
            return false;
        }

        Finish(here[..(int)length], _position, _position + Align(length), out record);
        return true;
    }

    private bool StopAtLength(ReadOnlySpan<byte> here, uint length)
    {
        if (length != 0)
        {
            Stop(WalReaderState.Unreadable, $"a record claims {length} bytes, fewer than its header has");
        }
        else if (here.ContainsAnyExcept((byte)0))
        {
            Stop(WalReaderState.Unreadable, "a record claims no bytes, and others follow in its page");
        }
        else
        {
            Stop(WalReaderState.EndOfWal, "zeros follow");
        }

        return true;
    }

    private bool CheckRecordHeader(ReadOnlySpan<byte> bytes, ulong lsn)
    {
        var rmgr = bytes[WalRecord.RmgrOffset];
        if (!WalVersion.HasRmgr(Major, rmgr))
        {
            return Stop(
                WalReaderState.Unreadable,
                $"a record names the resource manager {rmgr}, which PostgreSQL {Major} has not");
        }

        var previous = BinaryPrimitives.ReadUInt64LittleEndian(bytes[WalRecord.PrevOffset..]);
        return _previous == Lsn.Zero
            ? previous < lsn || Stop(WalReaderState.Unreadable, "a record names one behind it as its predecessor")
            : previous == _previous.Value || Stop(
                WalReaderState.Unreadable,
                $"a record names {new Lsn(previous)} as its predecessor, which is at {_previous}");
    }

    /// <summary>A whole record is at hand: what remains to be judged is its content.</summary>
    private bool Finish(ReadOnlySpan<byte> bytes, ulong start, ulong end, out WalRecord record)
    {
        record = default;
        if (options.CheckCrc && !HasCorrectCrc(bytes))
        {
            return StopAtRecord(start, "the CRC of the record is wrong");
        }

        if (_body.Decode(bytes, Major) is { } fault)
        {
            return StopAtRecord(start, $"the record cannot be taken apart: {fault}");
        }

        if (XlogInfo.IsSwitch(bytes[WalRecord.RmgrOffset], bytes[WalRecord.InfoOffset]))
        {
            var segmentBytes = (ulong)_segment.Size.Bytes;
            end = (end + segmentBytes - 1) & ~(segmentBytes - 1);
        }

        record = new WalRecord(bytes, _body, new Lsn(start), new Lsn(end), RecordTimeline(start), Major);
        _previous = new Lsn(start);
        _position = end;
        return true;
    }

    private bool StopAtRecord(ulong start, string reason)
    {
        _position = start;
        return Stop(WalReaderState.Unreadable, reason);
    }

    internal static bool HasCorrectCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32C.Append(Crc32C.Compute(bytes[WalRecord.HeaderLength..]), bytes[..WalRecord.CrcOffset]);
        return crc == BinaryPrimitives.ReadUInt32LittleEndian(bytes[WalRecord.CrcOffset..]);
    }

    private static ulong Align(ulong length) => (length + (Alignment - 1)) & ~(ulong)(Alignment - 1);

    /// <summary>Ends reading for good. Always false, so that a check can end with it.</summary>
    private bool Stop(WalReaderState state, string reason)
    {
        State = state;
        Reason = reason;
        return false;
    }
}
