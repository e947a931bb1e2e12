using System.Buffers.Binary;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

/// <summary>How reading ends: nothing more was written, or what stands there is not WAL.</summary>
public sealed class WalReaderEndTests
{
    private static (List<WalFixtures.Seen> Records, WalRecordReader Reader) Read(
        WalSegmentName name, byte[] content, WalReaderOptions? options = null) =>
        WalFixtures.ReadAll([(name, content)], options);

    private static (WalSegmentName Name, byte[] Content, List<WalFixtures.Seen> Records) Full(int major = 18)
    {
        var wal = new WalBuilder(major).FillTo(1_040_000);
        var (name, content) = wal.Segments[0];
        return (name, content.ToArray(), WalFixtures.ReadAll(wal.Segments).Records);
    }

    [Fact]
    public void Zeros_behind_the_last_record_are_the_end()
    {
        var wal = new WalBuilder().FillTo(50_000);

        var (_, reader) = WalFixtures.ReadAll(wal.Segments);

        Assert.Equal((WalReaderState.EndOfWal, wal.Position), (reader.State, reader.Position));
    }

    [Fact]
    public void A_record_whose_rest_was_never_written_ends_the_wal_where_it_begins()
    {
        var (name, content, records) = Full();
        var torn = records.First(
            r => r.Lsn.Value / 8192 != (r.EndLsn.Value - 1) / 8192 && r.Lsn > name.Start + 100_000);
        var page = (int)(torn.EndLsn.Value / 8192 * 8192 - name.Start.Value);
        content.AsSpan(page).Clear();

        var (read, reader) = Read(name, content);

        Assert.Equal(records.TakeWhile(r => r.Lsn < torn.Lsn), read);
        Assert.Equal((WalReaderState.EndOfWal, torn.Lsn), (reader.State, reader.Position));
    }

    [Fact]
    public void The_pages_of_a_segment_used_before_are_the_end()
    {
        var (name, content, _) = Full();
        for (var page = 40 * 8192; page < content.Length; page += 8192)
        {
            var address = BinaryPrimitives.ReadUInt64LittleEndian(content.AsSpan(page + 8));
            BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(page + 8), address - (3 << 20));
        }

        var (_, reader) = Read(name, content);

        Assert.Equal(WalReaderState.EndOfWal, reader.State);
        Assert.Contains("older", reader.Reason);
        Assert.True(reader.Position <= name.Start + (40 * 8192) && reader.Position > name.Start + (39 * 8192));
    }

    public static TheoryData<int, int, string> PageDamage => new()
    {
        { 0, 0x77, "magic number" },
        { 2, 0x80, "flags" },
        { 4, 9, "timeline" },
        { 14, 9, "says it is that of" },
    };

    [Theory]
    [MemberData(nameof(PageDamage))]
    public void A_damaged_page_header_in_the_middle_is_unreadable_with_position_and_reason(
        int offset, int value, string reason)
    {
        var (name, content, _) = Full();
        content[(40 * 8192) + offset] = (byte)value;

        var (read, reader) = Read(name, content);

        Assert.Equal(WalReaderState.Unreadable, reader.State);
        Assert.Contains(reason, reader.Reason);
        Assert.InRange(reader.Position.Value, name.Start.Value + (39 * 8192), name.Start.Value + (40 * 8192));
        Assert.All(read, r => Assert.True(r.EndLsn <= reader.Position));
    }

    public static TheoryData<int, uint, string> RecordDamage => new()
    {
        { 0, 23, "claims 23 bytes" },
        { 0, 0, "claims no bytes" },
        { 0, uint.MaxValue, "more than PostgreSQL 18 writes" },
        { 0, (1020u << 20) + 1, "more than PostgreSQL 18 writes" },
        { 4, 77, "CRC" },
        { 8, 77, "predecessor" },
        { 16, 60 << 8, "resource manager 60" },
        { 20, 77, "CRC" },
        { 30, 77, "CRC" },
    };

    [Theory]
    [MemberData(nameof(RecordDamage))]
    public void A_damaged_record_is_unreadable_from_its_beginning(int offset, uint value, string reason)
    {
        var (name, content, records) = Full();
        var victim = records.First(r => r.Lsn.Value % 8192 is > 1000 and < 7000 && r.Lsn > name.Start + 300_000);
        BinaryPrimitives.WriteUInt32LittleEndian(
            content.AsSpan((int)(victim.Lsn.Value - name.Start.Value) + offset), value);

        var (read, reader) = Read(name, content);

        Assert.Equal(records.TakeWhile(r => r.Lsn < victim.Lsn), read);
        Assert.Equal((WalReaderState.Unreadable, victim.Lsn), (reader.State, reader.Position));
        Assert.Contains(reason, reader.Reason);
    }

    [Fact]
    public void A_record_that_claims_a_gigabyte_takes_no_memory_for_it()
    {
        var wal = new WalBuilder().FillTo(5_000);
        var lsn = wal.Commit(5, 5);
        var (name, bytes) = wal.Segments[0];
        var content = bytes.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan((int)(lsn.Value - name.Start.Value)), 1019u << 20);
        var reader = new WalRecordReader();
        reader.Supply(name, content);

        var before = GC.GetAllocatedBytesForCurrentThread();
        while (reader.TryRead(out _))
        {
        }

        Assert.Equal((WalReaderState.EndOfWal, lsn), (reader.State, reader.Position));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void Custom_resource_managers_exist_since_15()
    {
        var (_, reader14) = WalFixtures.ReadAll(With(14));
        var (records15, reader15) = WalFixtures.ReadAll(With(15));

        Assert.Equal(WalReaderState.Unreadable, reader14.State);
        Assert.Contains("resource manager 128", reader14.Reason);
        Assert.Equal(128, records15[^1].Rmgr);
        Assert.Equal(WalReaderState.EndOfWal, reader15.State);

        static IReadOnlyList<(WalSegmentName, ReadOnlyMemory<byte>)> With(int major)
        {
            var wal = new WalBuilder(major);
            wal.Record((ResourceManager)128, 0, new byte[20]);
            return wal.Segments;
        }
    }

    [Fact]
    public void Another_clusters_segment_in_the_run_is_unreadable()
    {
        var mine = new WalBuilder(systemIdentifier: 1);
        mine.Switch();
        var theirs = new WalBuilder(systemIdentifier: 2, firstSegment: 6);
        theirs.Commit(5, 5);

        var (_, reader) = WalFixtures.ReadAll([mine.Segments[0], theirs.Segments[0]]);
        var (_, strict) = WalFixtures.ReadAll(theirs.Segments, new WalReaderOptions(SystemIdentifier: 1));

        Assert.Equal((WalReaderState.Unreadable, theirs.Segments[0].Name.Start), (reader.State, reader.Position));
        Assert.Contains("system identifier 2, not 1", reader.Reason);
        Assert.Equal(WalReaderState.Unreadable, strict.State);
    }

    [Fact]
    public void A_gap_that_the_names_hide_shows_in_the_predecessor()
    {
        var first = new WalBuilder();
        first.Switch();
        var other = new WalBuilder(firstSegment: 6);
        var lsn = other.Commit(5, 5);

        var (_, reader) = WalFixtures.ReadAll([first.Segments[0], other.Segments[0]]);

        Assert.Equal((WalReaderState.Unreadable, lsn), (reader.State, reader.Position));
        Assert.Contains("predecessor", reader.Reason);
    }

    [Fact]
    public void Without_the_check_of_CRCs_a_flipped_byte_of_data_passes()
    {
        var (name, content, records) = Full();
        content[(int)(records[100].Lsn.Value - name.Start.Value) + 30] ^= 1;

        Assert.Equal(records, Read(name, content, new WalReaderOptions(CheckCrc: false)).Records);
        Assert.Equal(100, Read(name, content).Records.Count);
    }
}
