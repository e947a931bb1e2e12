using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class WalRecordReaderTests
{
    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Page_by_page_gives_the_same_records_as_segment_by_segment(int major)
    {
        var segments = WalFixtures.Segments(major);
        var (whole, _) = WalFixtures.ReadAll(segments);
        var reader = new WalRecordReader();
        var paged = new List<WalFixtures.Seen>();

        foreach (var (name, content) in segments)
        {
            for (var at = 0; at < content.Length; at += WalPageHeader.PageSize)
            {
                Assert.Equal(
                    reader.NextWanted < name.Start ? name.Start : name.Start + (ulong)at, name.Start + (ulong)at);
                reader.Supply(name, content.Slice(at, WalPageHeader.PageSize), at);
                paged.AddRange(WalFixtures.Drain(reader));
            }
        }

        Assert.Equal(whole, paged);
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Starting_at_any_segment_gives_the_records_that_begin_from_there_on(int major)
    {
        var segments = WalFixtures.Segments(major);
        var (all, _) = WalFixtures.ReadAll(segments);
        var heads = 0L;

        for (var first = 0; first < segments.Count; first++)
        {
            var (tail, reader) = WalFixtures.ReadAll(segments.Skip(first));

            Assert.Equal(WalReaderState.NeedsMore, reader.State);
            Assert.Equal(all.Where(r => r.Lsn >= segments[first].Name.Start), tail);
            heads += reader.HeadFragmentLength;
        }

        // The message of 3 MiB and more lies over four segments: three of the starts are inside it.
        Assert.True(heads > 3 << 20);
    }

    [Fact]
    public void Starting_at_any_record_gives_the_records_from_it_on()
    {
        var segments = WalFixtures.Segments(18);
        var (all, _) = WalFixtures.ReadAll(segments);

        foreach (var index in Enumerable.Range(0, all.Count).Where(i => i % 37 == 0))
        {
            var (tail, _) = WalFixtures.ReadAll(
                segments.SkipWhile(s => s.Name.End <= all[index].Lsn), new WalReaderOptions(Start: all[index].Lsn));

            Assert.Equal(all.Skip(index), tail);
        }
    }

    [Fact]
    public void A_start_inside_a_record_is_unreadable()
    {
        var wal = new WalBuilder().FillTo(5000);
        var second = WalFixtures.ReadAll(wal.Segments).Records[1].Lsn;

        var (records, reader) = WalFixtures.ReadAll(wal.Segments, new WalReaderOptions(Start: second + 8));

        Assert.Empty(records);
        Assert.Equal(WalReaderState.Unreadable, reader.State);
        Assert.Equal(second + 8, reader.Position);
    }

    [Fact]
    public void A_record_over_four_segments_is_one_record()
    {
        var wal = new WalBuilder().FillTo(1_000_000);
        var main = new byte[3 << 20];
        new Random(5).NextBytes(main);
        var lsn = wal.Record(ResourceManager.LogicalMessage, 0, main);
        wal.Commit(700, 1);

        var reader = new WalRecordReader();
        byte[]? found = null;
        foreach (var (name, content) in wal.Segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                if (record.Lsn == lsn)
                {
                    found = record.MainData.ToArray();
                }
            }
        }

        Assert.Equal(4, wal.Segments.Count);
        Assert.Equal(main, found);
        Assert.Equal(WalReaderState.EndOfWal, reader.State);
        Assert.Equal(wal.Position, reader.Position);
    }

    [Fact]
    public void Records_of_every_length_end_and_begin_at_every_distance_from_a_page_edge()
    {
        for (var seed = 1; seed <= 12; seed++)
        {
            var random = new Random(seed);
            var wal = new WalBuilder(major: 13 + (seed % 6));
            var expected = new List<(Lsn, int)>();
            while (wal.Segments.Count < 2)
            {
                var main = new byte[random.Next(8) == 0 ? random.Next(40_000) : random.Next(300)];
                random.NextBytes(main);
                expected.Add((wal.Record(ResourceManager.Heap, 0x10, main, 5), main.Length));
            }

            var reader = new WalRecordReader();
            var actual = new List<(Lsn, int)>();
            foreach (var (name, content) in wal.Segments)
            {
                reader.Supply(name, content);
                while (reader.TryRead(out var record))
                {
                    actual.Add((record.Lsn, record.MainData.Length));
                }
            }

            Assert.True(
                expected.SequenceEqual(actual), $"seed {seed}: {reader.State} {reader.Position} {reader.Reason}");
            Assert.Equal(WalReaderState.EndOfWal, reader.State);
        }
    }

    [Fact]
    public void A_segment_switch_ends_its_segment_whatever_lies_behind_it()
    {
        var wal = new WalBuilder().FillTo(100_000);
        var at = wal.Switch();
        var next = wal.Commit(700, 1);
        var segments = wal.Segments.Select(s => (s.Name, Content: s.Content.ToArray())).ToList();
        segments[0].Content.AsSpan(200_000).Fill(0xAA);

        var (records, reader) = WalFixtures.ReadAll(
            segments.Select(s => (s.Name, (ReadOnlyMemory<byte>)s.Content)));

        Assert.Equal([at, next], records.TakeLast(2).Select(r => r.Lsn));
        Assert.Equal(segments[0].Name.End, records[^2].EndLsn);
        Assert.Equal(WalReaderState.EndOfWal, reader.State);
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void A_lost_continuation_is_passed_over_and_told(int major)
    {
        var (records, reader) = WalFixtures.ReadAll(WalFixtures.Segments(major));

        Assert.NotNull(reader.AbortedRecord);
        var torn = WalSegmentName.Of(new Timeline(1), reader.AbortedRecord.Value, WalFixtures.Size);
        Assert.Equal(WalFixtures.Fact(major, "torn"), torn.ToString());
        Assert.DoesNotContain(records, r => r.Lsn == reader.AbortedRecord);
        Assert.Contains(records, r => r.Lsn > reader.AbortedRecord);
    }

    [Fact]
    public void Records_are_read_without_allocating()
    {
        var wal = new WalBuilder().FillTo(1_000_000).Segments[0];
        var before = AllocatedBy(wal.Name, wal.Content[..(256 << 10)]);

        var after = AllocatedBy(wal.Name, wal.Content);

        // The reader itself and its buffer for records over page edges, whatever the number of records.
        Assert.True(after.Records > before.Records + 3000);
        Assert.True(after.Bytes <= before.Bytes, $"{before} then {after}");

        static (long Bytes, int Records) AllocatedBy(WalSegmentName name, ReadOnlyMemory<byte> content)
        {
            var start = GC.GetAllocatedBytesForCurrentThread();
            var reader = new WalRecordReader();
            reader.Supply(name, content);
            var records = 0;
            while (reader.TryRead(out var record))
            {
                records += record.Blocks.Length == 0 ? 1 : 0;
            }

            return (GC.GetAllocatedBytesForCurrentThread() - start, records);
        }
    }

    [Fact]
    public void What_does_not_follow_is_refused_as_the_callers_mistake()
    {
        var wal = new WalBuilder().FillTo(900_000);
        wal.Record(ResourceManager.Heap, 0, new byte[2 << 20]);
        var segments = wal.Segments;
        var reader = new WalRecordReader();
        reader.Supply(segments[0].Name, segments[0].Content);

        Assert.Throws<InvalidOperationException>(() => reader.Supply(segments[1].Name, segments[1].Content));
        WalFixtures.Drain(reader);
        Assert.Throws<InvalidOperationException>(() => reader.Supply(segments[2].Name, segments[2].Content));
        reader.Supply(segments[1].Name, segments[1].Content);
    }
}
