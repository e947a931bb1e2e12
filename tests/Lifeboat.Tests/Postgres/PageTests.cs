using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Pages;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class PageTests
{
    private const int PageSize = 8192;
    private const uint RelSegSize = 131072;

    public static TheoryData<int, string, uint> Files =>
        new(from int major in new[] { 13, 15, 17, 18 }
            from file in new[]
            {
                ("heap", 0U), ("heap_fsm", 0U), ("heap_vm", 0U), ("index", 0U), ("far.1", RelSegSize),
            }
            select (major, $"pages/{file.Item1}", file.Item2));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_page_of_a_real_relation_is_valid_at_its_own_place_only(int major, string name, uint firstBlock)
    {
        var file = PostgresFixtures.Read(major, name);
        var initialised = 0;
        for (var at = 0; at < file.Length; at += PageSize)
        {
            var page = file.AsSpan(at, PageSize);
            var block = firstBlock + (uint)(at / PageSize);
            var verdict = PageChecksum.Judge(page, block);
            if (verdict == PageVerdict.New)
            {
                continue;
            }

            initialised++;
            Assert.Equal(PageVerdict.Valid, verdict);
            Assert.Equal(PageVerdict.Valid, PageChecksum.JudgeHeader(page));
            Assert.Equal(PageVerdict.ChecksumMismatch, PageChecksum.Judge(page, block + 1));
            Assert.Equal(PageHeader.Read(page).Checksum, PageChecksum.ComputeScalar(page, block));
        }

        Assert.NotEqual(0, initialised);
    }

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_pages_LSN_lies_before_the_end_of_the_WAL(int major)
    {
        var header = PageHeader.Read(PostgresFixtures.Read(major, "pages/heap"));
        var control = ControlFileReading.Of(PostgresFixtures.Read(major, "pg_control.stopped")).Require("");
        Assert.InRange(header.Lsn.Value, 1UL, control.CheckPoint.Value);
        Assert.Equal((PageSize, PageHeader.LayoutVersion), (header.PageSize, header.Version));
    }

    [Fact]
    public void Vectors_and_words_agree_on_every_page_of_every_size() =>
        Prop.ForAll(
            Gen.Choose(10, 15).SelectMany(bits =>
                Gen.Choose(0, int.MaxValue).Select(seed => (bits, seed))).ToArbitrary(),
            given =>
            {
                var page = new byte[1 << given.bits];
                new Random(given.seed).NextBytes(page);
                var block = (uint)given.seed;
                return PageChecksum.Compute(page, block) == PageChecksum.ComputeScalar(page, block);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_checksum_does_not_depend_on_its_own_field_and_is_never_zero() =>
        Prop.ForAll<ushort, int>((stored, seed) =>
        {
            var page = new byte[PageSize];
            new Random(seed).NextBytes(page);
            var before = PageChecksum.Compute(page, 7);
            BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(PageHeader.ChecksumOffset), stored);
            return before != 0 && PageChecksum.Compute(page, 7) == before;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_flipped_bit_anywhere_is_found()
    {
        var page = PostgresFixtures.Read(17, "pages/heap").AsSpan(0, PageSize);
        for (var at = 0; at < PageSize; at++)
        {
            page[at] ^= 0x10;
            Assert.NotEqual(PageVerdict.Valid, PageChecksum.Judge(page, 0));
            page[at] ^= 0x10;
        }

        Assert.Equal(PageVerdict.Valid, PageChecksum.Judge(page, 0));
    }

    [Fact]
    public void Only_a_page_of_zeros_is_new()
    {
        var page = new byte[PageSize];
        Assert.Equal(PageVerdict.New, PageChecksum.Judge(page, 0));
        page[^1] = 1;
        Assert.Equal(PageVerdict.NewButNotZero, PageChecksum.Judge(page, 0));
        Assert.Equal(PageVerdict.NewButNotZero, PageChecksum.JudgeHeader(page));
    }

    [Theory]
    [InlineData(10, 0x0008)]
    [InlineData(12, 8192)]
    [InlineData(14, 8193)]
    [InlineData(16, 8193)]
    [InlineData(16, 8191)]
    [InlineData(18, 0x2005)]
    [InlineData(18, 0x4004)]
    public void A_header_that_PostgreSQL_never_writes_is_named_even_with_a_good_checksum(int offset, int value)
    {
        var page = PostgresFixtures.Read(15, "pages/heap").AsSpan(0, PageSize);
        BinaryPrimitives.WriteUInt16LittleEndian(page[offset..], (ushort)value);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageHeader.ChecksumOffset..], PageChecksum.Compute(page, 0));
        Assert.Equal(PageVerdict.ImplausibleHeader, PageChecksum.Judge(page, 0));
        Assert.Equal(PageVerdict.ImplausibleHeader, PageChecksum.JudgeHeader(page));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(8191)]
    [InlineData(65536)]
    public void Bytes_that_are_no_page_are_refused(int length) =>
        Assert.Throws<ArgumentException>(() => PageChecksum.Compute(new byte[length], 0));
}
