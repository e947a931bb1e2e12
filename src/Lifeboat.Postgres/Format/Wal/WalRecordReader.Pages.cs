namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Page headers, and the records that go over them.</summary>
public sealed partial class WalRecordReader
{
    // The unfinished record: its bytes so far, how many it claims, where it began, on which timeline.
    private byte[] _assembly = [];
    private int _assembled;
    private int _assemblyTotal;
    private ulong _assemblyStart;
    private Timeline _assemblyTimeline;

    // What is still to come of the record that began before the run; -1 when none was seen yet.
    private long _headRemaining = -1;

    /// <summary>The record that began and is not finished by what was supplied; null when there is none.</summary>
    public Lsn? UnfinishedRecord => IsAssembling ? new Lsn(_assemblyStart) : null;

    /// <summary>The unfinished record's resource manager; null when there is none, or too little of it was supplied.</summary>
    public ResourceManager? UnfinishedRmgr =>
        IsAssembling && _assembled > WalRecord.RmgrOffset ? (ResourceManager)_assembly[WalRecord.RmgrOffset] : null;

    /// <summary>Whether all that was read so far belongs to a record that began before the run.</summary>
    public bool IsInHeadFragment => _headRemaining > 0;

    private bool IsAssembling => _assemblyTotal != 0;

    /// <returns>Whether there is an answer: a record, or a state that is final.</returns>
    private bool EnterPage(int at, out WalRecord record)
    {
        record = default;
        if (!CheckPage(at))
        {
            return true;
        }

        if (_page.OverwritesContinuation)
        {
            if (IsAssembling)
            {
                AbortedRecord = UnfinishedRecord;
                _assemblyTotal = 0;
            }

            _headRemaining = 0;
            _position += (ulong)_page.Length;
            return false;
        }

        if (IsAssembling)
        {
            return Continue(at, out record);
        }

        return _page.BeginsWithContinuation ? !SkipHead() : !EnterWithoutContinuation();
    }

    /// <summary>Judges the header of the page, and takes it as the current one.</summary>
    private bool CheckPage(int at)
    {
        var bytes = _piece.Span.Slice(at, WalPageHeader.PageSize);
        var page = WalPageHeader.Read(bytes);
        if (page.Major == 0 || (Major != 0 && page.Major != Major))
        {
            return !bytes.ContainsAnyExcept((byte)0)
                ? Stop(WalReaderState.EndOfWal, "zeros follow")
                : Stop(
                    WalReaderState.Unreadable,
                    $"the page at {new Lsn(_position)} has the magic number {page.Magic:X4}");
        }

        if (page.Address.Value != _position)
        {
            // A segment that is used again keeps its old pages, which are older, until they are written over.
            return page.Address.Value < _position
                ? Stop(WalReaderState.EndOfWal, $"the page at {new Lsn(_position)} is an older one, of {page.Address}")
                : Stop(
                    WalReaderState.Unreadable, $"the page at {new Lsn(_position)} says it is that of {page.Address}");
        }

        var isFirst = _position == _segment.Start.Value;
        if (page.HasUnknownFlags || (isFirst && !page.IsLong))
        {
            return Stop(WalReaderState.Unreadable, $"the page at {page.Address} has the flags {(ushort)page.Flags:X4}");
        }

        if (page.IsLong && !CheckLongHeader(bytes))
        {
            return false;
        }

        if (page.Timeline < _page.Timeline || page.Timeline > _segment.Timeline)
        {
            return Stop(
                WalReaderState.Unreadable,
                $"the page at {page.Address} is of timeline {page.Timeline}"
                + $", in a segment of timeline {_segment.Timeline}"
                + (_page.Timeline.Value == 0 ? "" : $" after pages of timeline {_page.Timeline}"));
        }

        _page = page;
        Major = page.Major;
        return true;
    }

    private bool CheckLongHeader(ReadOnlySpan<byte> bytes)
    {
        var fault = WalSegmentHeader.Inspect(bytes, out var header);
        if (fault is null && header.SegmentBytes != _segment.Size.Bytes)
        {
            fault = $"it belongs to a cluster with segments of {header.SegmentBytes} bytes";
        }

        var expected = options.SystemIdentifier ?? (SystemIdentifier == 0 ? header.SystemIdentifier : SystemIdentifier);
        if (fault is null && header.SystemIdentifier != expected)
        {
            fault = $"it was written by the cluster with system identifier {header.SystemIdentifier}, not {expected}";
        }

        if (fault is not null)
        {
            return Stop(WalReaderState.Unreadable, $"the page at {new Lsn(_position)}: {fault}");
        }

        SystemIdentifier = header.SystemIdentifier;
        return true;
    }

    /// <summary>Goes behind the part of a record that began before the run.</summary>
    private bool SkipHead()
    {
        if (_previous != Lsn.Zero || _headRemaining == 0 || options.Start is not null)
        {
            return Stop(WalReaderState.Unreadable, "a page continues a record, and none is unfinished");
        }

        if (_page.RemainingLength == 0 || (_headRemaining > 0 && _page.RemainingLength != _headRemaining))
        {
            return Stop(
                WalReaderState.Unreadable,
                $"a page has {_page.RemainingLength} bytes left of a record"
                + $", after one that left {Math.Max(_headRemaining, 0)}");
        }

        var room = (uint)(WalPageHeader.PageSize - _page.Length);
        var here = Math.Min(_page.RemainingLength, room);
        HeadFragmentLength += here;
        _headRemaining = _page.RemainingLength - here;
        _position += (ulong)_page.Length + Align(here);
        return true;
    }

    private bool EnterWithoutContinuation()
    {
        if (_headRemaining > 0)
        {
            return Stop(WalReaderState.Unreadable, $"a record's last {_headRemaining} bytes do not follow");
        }

        _headRemaining = 0;
        _position += (ulong)_page.Length;
        return true;
    }

    private void BeginAssembly(ReadOnlySpan<byte> here, int total)
    {
        _assemblyStart = _position;
        _assemblyTimeline = _page.Timeline;
        _assemblyTotal = total;
        _assembled = 0;
        Append(here);
        _position += (ulong)here.Length;
    }

    /// <summary>Takes this page's part of the unfinished record.</summary>
    private bool Continue(int at, out WalRecord record)
    {
        record = default;
        if (!_page.BeginsWithContinuation)
        {
            Stop(WalReaderState.Unreadable, $"the record is not continued at {new Lsn(_position)}");
            return true;
        }

        if (_page.RemainingLength != (uint)(_assemblyTotal - _assembled))
        {
            Stop(
                WalReaderState.Unreadable,
                $"{_assemblyTotal - _assembled} bytes of the record are missing, and {_page.RemainingLength} follow");
            return true;
        }

        var hadHeader = _assembled >= WalRecord.HeaderLength;
        var here = Math.Min(_assemblyTotal - _assembled, WalPageHeader.PageSize - _page.Length);
        Append(_piece.Span.Slice(at + _page.Length, here));
        _position += (ulong)_page.Length + Align((ulong)here);
        if (!hadHeader && !CheckRecordHeader(_assembly, _assemblyStart))
        {
            return true;
        }

        if (_assembled < _assemblyTotal)
        {
            return false;
        }

        Finish(_assembly.AsSpan(0, _assemblyTotal), _assemblyStart, _position, out record);
        _assemblyTotal = 0;
        return true;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_assembly.Length < _assembled + bytes.Length)
        {
            var doubled = Math.Max(4 * WalPageHeader.PageSize, 2L * _assembly.Length);
            Array.Resize(ref _assembly, (int)Math.Max(Math.Min(doubled, _assemblyTotal), _assembled + bytes.Length));
        }

        bytes.CopyTo(_assembly.AsSpan(_assembled));
        _assembled += bytes.Length;
    }

    private Timeline RecordTimeline(ulong start) =>
        IsAssembling && start == _assemblyStart ? _assemblyTimeline : _page.Timeline;
}
