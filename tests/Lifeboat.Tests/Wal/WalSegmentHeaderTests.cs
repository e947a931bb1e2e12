using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class WalSegmentHeaderTests
{
    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Every_real_segment_says_what_its_name_says(int major)
    {
        foreach (var (name, content) in WalFixtures.Segments(major).Concat(WalFixtures.Segments(major, 2)))
        {
            Assert.Null(WalSegmentHeader.Inspect(content.Span, out var header));
            Assert.Equal(major, header.Major);
            Assert.Equal(WalFixtures.Fact(major, "sysid"), header.SystemIdentifier.ToString());
            Assert.Null(header.Contradicts(name, header.SystemIdentifier));
        }
    }

    [Fact]
    public void The_first_segment_of_a_timeline_may_begin_on_its_parent()
    {
        var (name, content) = WalFixtures.Segments(18, 2)[0];

        WalSegmentHeader.Inspect(content.Span, out var header);

        Assert.Equal(new Timeline(1), header.Timeline);
        Assert.Equal(new Timeline(2), name.Timeline);
        Assert.Null(header.Contradicts(name, null));
        Assert.NotNull((header with { Timeline = new Timeline(3) }).Contradicts(name, null));
    }

    [Fact]
    public void Another_cluster_segment_size_or_position_contradicts_the_name()
    {
        var (name, content) = WalFixtures.Segments(17)[0];
        WalSegmentHeader.Inspect(content.Span, out var header);

        Assert.Contains("system identifier", header.Contradicts(name, header.SystemIdentifier + 1));
        Assert.Contains(
            "segments of 1048576 bytes", header.Contradicts(name with { Size = WalSegmentSize.Default }, null));
        Assert.Contains($"its name says {name.Next.Start}", header.Contradicts(name.Next, null));
    }

    [Fact]
    public void What_is_no_segment_is_said_why()
    {
        Assert.Equal("it has only 10 bytes", WalSegmentHeader.Inspect(new byte[10], out _));
        Assert.Equal("it begins with zeros", WalSegmentHeader.Inspect(new byte[8192], out _));
        Assert.Contains(
            "magic number 4550", WalSegmentHeader.Inspect("PE".PadRight(80).Select(c => (byte)c).ToArray(), out _));
        var shortHeader = new WalBuilder().FillTo(20000).Segments[0].Content.Span[8192..];
        Assert.Contains("flags", WalSegmentHeader.Inspect(shortHeader, out _));
    }

    [Fact]
    public void A_segment_size_that_no_cluster_has_is_refused()
    {
        var page = new WalBuilder().FillTo(1000).Segments[0].Content.ToArray();
        page[32] = 1;

        Assert.Equal("it claims a segment size of 1048577 bytes", WalSegmentHeader.Inspect(page, out _));
    }
}
