using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The bytes of a summary of changed blocks, format 1 (docs/format/wal-archive-v0.md, "Changed blocks"). One summary
/// has one form, so that equal summaries have equal bytes.
/// </summary>
public static class WalSummaryCodec
{
    /// <summary>The first byte of what is written here.</summary>
    public const byte Format = 1;

    /// <summary>Bytes up to which a summary is stored.</summary>
    public const int MostStored = WalFrames.MostBytes;

    private const int MostReason = 1000;

    [Flags]
    private enum Parts : byte
    {
        None = 0,
        Records = 1,
        Tail = 2,
        Break = 4,
        Opaque = 8,
        All = Records | Tail | Break | Opaque,
    }

    /// <exception cref="ArgumentException">The run's segments are of several timelines.</exception>
    public static byte[] Encode(WalRunSummary run)
    {
        if (run.First.Timeline != run.Last.Timeline)
        {
            throw new ArgumentException($"{run.First} and {run.Last} are of two timelines", nameof(run));
        }

        var sink = new ByteSink(1 << 10);
        sink.Byte(Format);
        sink.Varint(run.Major);
        sink.UInt64(run.SystemIdentifier);
        sink.UInt32(run.First.Timeline.Value);
        sink.Varint(run.First.Size.Bytes);
        sink.Varint(run.First.Number);
        sink.Varint(run.Last.Number - run.First.Number + 1);
        sink.Byte((byte)PartsOf(run));
        sink.Byte((byte)run.Head.State);
        sink.Varint(run.Head.Declared);
        Write(sink, run.Head.Bytes);
        if (run.FirstRecord is { } first)
        {
            sink.UInt64(first.Value);
            sink.UInt64(run.Predecessor!.Value.Value);
            sink.UInt64(run.LastRecord!.Value.Value);
        }

        if (run.Tail is { } tail)
        {
            sink.UInt64(tail.Lsn.Value);
            sink.UInt32(tail.Total);
            Write(sink, tail.Bytes);
        }

        if (run.Break is { } broken)
        {
            sink.UInt64(broken.Position.Value);
            var reason = System.Text.Encoding.UTF8.GetBytes(
                broken.Reason.Length > MostReason / 4 ? broken.Reason[..(MostReason / 4)] : broken.Reason);
            sink.Varint(reason.Length);
            sink.Bytes(reason);
        }

        Write(sink, run.Changes);
        return sink.Memory.ToArray();
    }

    /// <summary>What was encoded; null for a format that is not known here.</summary>
    /// <exception cref="DecodingException">The bytes are not what the format says.</exception>
    public static WalRunSummary? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[0] != Format)
        {
            return null;
        }

        var source = new ByteSource(bytes[1..]);
        var major = source.VarintUpTo(byte.MaxValue, "a major version");
        var system = source.UInt64();
        var (first, last) = ReadSegments(ref source);
        var parts = (Parts)source.Byte();
        var state = (WalHeadState)source.Byte();
        if ((parts & ~Parts.All) != Parts.None || state > WalHeadState.Aborted)
        {
            throw new DecodingException("a summary has parts that are not known");
        }

        var head = new WalRunHead(state, source.VarintUpTo(int.MaxValue, "a head's length"), ReadFragment(ref source));
        Lsn? firstRecord = null, predecessor = null, lastRecord = null;
        if ((parts & Parts.Records) != Parts.None)
        {
            (firstRecord, predecessor, lastRecord) =
                (new Lsn(source.UInt64()), new Lsn(source.UInt64()), new Lsn(source.UInt64()));
        }

        var tail = (parts & Parts.Tail) != Parts.None
            ? new WalRunTail(new Lsn(source.UInt64()), source.UInt32(), ReadFragment(ref source))
            : null;
        var broken = (parts & Parts.Break) != Parts.None
            ? new WalRunBreak(new Lsn(source.UInt64()), System.Text.Encoding.UTF8.GetString(
                source.Bytes(source.VarintUpTo(MostReason, "a reason's length"))))
            : null;
        var most = (long)(last.Number - first.Number + 1) * first.Size.Bytes / WalSummaryForks.LeastReference;
        var changes = ReadChanges(ref source, (parts & Parts.Opaque) != Parts.None, most);
        source.MustBeAtEnd();
        return new WalRunSummary
        {
            First = first,
            Last = last,
            Major = major,
            SystemIdentifier = system,
            Head = head,
            Tail = tail,
            FirstRecord = firstRecord,
            Predecessor = predecessor,
            LastRecord = lastRecord,
            Break = broken,
            Changes = changes,
        };
    }

    private static Parts PartsOf(WalRunSummary run) =>
        (run.FirstRecord is null ? Parts.None : Parts.Records)
        | (run.Tail is null ? Parts.None : Parts.Tail)
        | (run.Break is null ? Parts.None : Parts.Break)
        | (run.Changes.Opaque is null ? Parts.None : Parts.Opaque);

    private static (WalSegmentName First, WalSegmentName Last) ReadSegments(ref ByteSource source)
    {
        var timeline = source.UInt32();
        var bytes = source.VarintUpTo(1 << 30, "a segment size");
        var number = source.Varint();
        var count = source.VarintUpTo(1 << 16, "a number of segments");
        if (timeline == 0 || count == 0 || !WalSegmentSize.IsValid(bytes)
            || number > (ulong.MaxValue / (ulong)bytes) - (ulong)count)
        {
            throw new DecodingException("a summary names segments that there cannot be");
        }

        var first = new WalSegmentName(new Timeline(timeline), number, new WalSegmentSize(bytes));
        return (first, first with { Number = number + (ulong)count - 1 });
    }

    private static void Write(ByteSink sink, WalFragment fragment)
    {
        sink.Varint(fragment.Length);
        sink.Bytes(fragment.Front);
        sink.Bytes(fragment.Back);
    }

    private static WalFragment ReadFragment(ref ByteSource source)
    {
        var length = source.VarintUpTo(int.MaxValue, "a fragment's length");
        var (front, back) = WalFragment.KeptOf(length);
        return WalFragment.Of(length, source.Bytes(front), source.Bytes(back))!;
    }

    private static void Write(ByteSink sink, WalChanges changes)
    {
        sink.Varint(changes.Levels.Count);
        foreach (var level in changes.Levels)
        {
            sink.UInt64(level.Lsn.Value);
            sink.Byte((byte)level.Level);
        }

        if (changes.Opaque is { } opaque)
        {
            sink.UInt64(opaque.Lsn.Value);
            sink.Byte(opaque.Rmgr);
            sink.Byte(opaque.Info);
        }

        sink.Varint(changes.Databases.Count);
        foreach (var directory in changes.Databases)
        {
            sink.UInt32(directory.Tablespace);
            sink.UInt32(directory.Database);
        }

        WalSummaryForks.Write(sink, changes);
    }

    private static WalChanges ReadChanges(ref ByteSource source, bool hasOpaque, long mostBlocks)
    {
        var changes = new WalChanges();
        var levels = source.Count(9, "levels");
        for (var index = 0; index < levels; index++)
        {
            var level = new WalLevelChange(new Lsn(source.UInt64()), (WalLevel)source.Byte());
            changes.AddLevel(level);
            if (level.Level > WalLevel.Logical || changes.Levels.Count != index + 1)
            {
                throw new DecodingException("a summary tells a level that is none, or twice the same");
            }
        }

        if (hasOpaque)
        {
            changes.AddOpaque(new OpaqueChange(new Lsn(source.UInt64()), source.Byte(), source.Byte()));
        }

        var databases = source.Count(8, "databases");
        DatabaseDirectory? before = null;
        for (var index = 0; index < databases; index++)
        {
            var directory = new DatabaseDirectory(source.UInt32(), source.UInt32());
            if (before is { } previous && directory.CompareTo(previous) <= 0)
            {
                throw new DecodingException("a summary's databases do not ascend");
            }

            before = directory;
            changes.AddDatabase(directory);
        }

        WalSummaryForks.Read(ref source, changes, mostBlocks);
        return changes;
    }
}
