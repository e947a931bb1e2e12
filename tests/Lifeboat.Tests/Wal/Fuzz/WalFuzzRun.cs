using Lifeboat.Platform.Checksums;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>What must hold of reading any bytes whatever.</summary>
internal sealed class WalFuzzRun
{
    /// <summary>A reader, its state and the reasons it gives; and once over what was supplied, for one record.</summary>
    private const int FixedMemory = 64 << 10;

    /// <summary>Records are copied only over page edges, into memory that doubles.</summary>
    private const int MemoryPerByte = 4;

    private readonly List<ulong> _starts = [];

    /// <summary>Records read, and the bodies in them that a parser claimed and read.</summary>
    internal long Records { get; private set; }

    internal long Bodies { get; private set; }

    /// <summary>Inputs in which reading met what is no WAL.</summary>
    internal long Refused { get; private set; }

    internal void Check(WalFuzzInput input, Random random)
    {
        var whole = Read(input, WalReaderOptions.Default, pages: 0);
        if (!input.IsSpoiled)
        {
            Assert.Equal((input.Written.Count, false), (whole.Records, whole.State == WalReaderState.Unreadable));
        }

        // However the same bytes are cut into pieces, they are the same records.
        var pages = random.Next(1, 4);
        var pieces = Read(input, WalReaderOptions.Default, pages);
        Assert.Equal(whole, pieces);

        // Without CRCs at least as much is read, and the same as far as they were good.
        var unchecked_ = Read(input, new WalReaderOptions(CheckCrc: false), pages: 0);
        Assert.True(unchecked_.Records >= whole.Records);

        if (_starts.Count > 0 && random.Next(4) == 0)
        {
            ReadFrom(input, _starts[random.Next(_starts.Count)]);
        }

        Collect(input, random);
        Records += unchecked_.Records;
        Refused += whole.State == WalReaderState.Unreadable ? 1 : 0;
    }

    private readonly record struct Outcome(
        int Records, uint Sum, WalReaderState State, Lsn Position, string Reason, Lsn? Aborted, Lsn? Unfinished);

    /// <param name="pages">How many pages each piece has; 0 for as many as there are in the segment.</param>
    private Outcome Read(WalFuzzInput input, WalReaderOptions options, int pages)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new WalRecordReader(options);
        var (records, sum, last) = (0, 0u, 0UL);
        _starts.Clear();
        for (var at = 0; at < input.Length && reader.State == WalReaderState.NeedsMore;)
        {
            var end = at < input.InFirstSegment ? input.InFirstSegment : input.Length;
            var length = pages == 0 ? end - at : Math.Min(end - at, pages * WalPageHeader.PageSize);
            var position = input.Start + (ulong)at;
            var segment = input.SegmentAt(position);
            reader.Supply(segment, input.Content.Slice(at, length), (int)(position - segment.Start.Value));
            while (reader.TryRead(out var record))
            {
                Assert.True(++records <= input.Length / WalRecord.HeaderLength);
                Assert.True(record.Lsn.Value > last && record.EndLsn > record.Lsn);
                Assert.True(record.Lsn.Value >= input.Start && record.TotalLength <= input.Length);
                last = record.Lsn.Value;
                sum = Crc32C.Append(sum, record.Bytes);
                _starts.Add(last);
                Bodies += WalBodies.Touch(record).Read;
            }

            // A switch of segments goes to the end of one.
            at = Math.Max(at + length, (int)Math.Min(reader.NextWanted.Value - input.Start, (ulong)input.Length));
        }

        Assert.False(reader.TryRead(out _));
        Assert.Equal(reader.State == WalReaderState.NeedsMore, reader.Reason.Length == 0);
        Assert.True(reader.Position.Value >= input.Start);
        var used = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(used <= FixedMemory + (MemoryPerByte * input.Length), $"{used} bytes for {input.Length}");
        return new Outcome(
            records, sum, reader.State, reader.Position, reader.Reason, reader.AbortedRecord, reader.UnfinishedRecord);
    }

    /// <summary>A record that was read is also read when reading begins with it.</summary>
    private static void ReadFrom(WalFuzzInput input, ulong start)
    {
        var inFirst = start < input.Start + (ulong)input.InFirstSegment;
        var begin = inFirst ? 0 : input.InFirstSegment;
        var end = inFirst ? input.InFirstSegment : input.Length;
        var segment = input.SegmentAt(input.Start + (ulong)begin);
        var reader = new WalRecordReader(new WalReaderOptions(CheckCrc: false, Start: new Lsn(start)));
        reader.Supply(
            segment, input.Content[begin..end], (int)(input.Start + (ulong)begin - segment.Start.Value));
        Assert.True(!reader.TryRead(out var record) ? reader.UnfinishedRecord?.Value == start : record.Lsn.Value == start);
    }

    private static void Collect(WalFuzzInput input, Random random)
    {
        var segment = input.SegmentAt(input.Start);
        if (segment.Start.Value != input.Start)
        {
            return;
        }

        var facts = WalSegmentFacts.Collect(segment, input.Content[..input.InFirstSegment], random.Next(2) == 0);
        Assert.True(facts.EndPosition >= segment.Start && facts.EndPosition <= segment.End);
        Assert.Equal(
            facts.Reason.Length == 0,
            facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext);
    }
}
