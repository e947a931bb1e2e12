using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Xunit;

namespace Lifeboat.Tests.Wal.Changes;

public sealed class SummaryCodecTests
{
    [Theory]
    [MemberData(nameof(CompositionTests.Seeds), MemberType = typeof(CompositionTests))]
    public void A_summary_is_read_back_as_it_was_written(int seed)
    {
        foreach (var (name, content) in ChangeReading.RandomWal(seed, 300).Segments)
        {
            var run = WalRunSummary.Of(name, content);
            var bytes = WalSummaryCodec.Encode(run);

            var read = WalSummaryCodec.TryDecode(bytes)!;

            Assert.Equal(bytes, WalSummaryCodec.Encode(read));
            Assert.Equal(
                (run.First, run.Last, run.Head.State, run.Head.Declared, run.Tail?.Lsn, run.Tail?.Total,
                    run.FirstRecord),
                (read.First, read.Last, read.Head.State, read.Head.Declared, read.Tail?.Lsn, read.Tail?.Total,
                    read.FirstRecord));
            Assert.Equal(
                run.Changes.Forks.Select(fork => (fork.Name, fork.Changes.Limit, fork.Changes.Blocks.Count)),
                read.Changes.Forks.Select(fork => (fork.Name, fork.Changes.Limit, fork.Changes.Blocks.Count)));
        }
    }

    [Fact]
    public void An_unknown_format_is_no_error_and_no_summary()
    {
        Assert.Null(WalSummaryCodec.TryDecode([]));
        Assert.Null(WalSummaryCodec.TryDecode([2, 1, 2, 3]));
    }

    [Fact]
    public void Every_beginning_of_a_summary_is_refused()
    {
        var (name, content) = ChangeReading.RandomWal(11, 200).Segments[0];
        var bytes = WalSummaryCodec.Encode(WalRunSummary.Of(name, content));
        for (var length = 1; length < bytes.Length; length += 1 + (length / 50))
        {
            Assert.Throws<DecodingException>(() => WalSummaryCodec.TryDecode(bytes.AsSpan(0, length)));
        }
    }
}
