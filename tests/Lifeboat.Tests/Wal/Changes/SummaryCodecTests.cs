using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Wal.Changes;

public sealed class SummaryCodecTests
{
    private const int Mutations = 5_000;

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
    public void Mutated_summaries_are_refused_or_read_within_bounds()
    {
        var random = Sample.Numbers("summary mutations");
        var originals = ChangeReading.RandomWal(random.Next(), 300).Segments
            .Select(segment => WalSummaryCodec.Encode(WalRunSummary.Of(segment.Name, segment.Content)))
            .OrderBy(bytes => bytes.Length).Take(8).ToList();
        var (read, refused) = (0, 0);
        for (var round = 0; round < Mutations; round++)
        {
            var bytes = Mutate(originals[round % originals.Count], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read += WalSummaryCodec.TryDecode(bytes) is null ? 0 : 1;
            }
            catch (DecodingException)
            {
                refused++;
            }

            // A byte of a range can stand for a bitmap of 8 KiB; no byte stands for more.
            var spent = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(
                spent < (1 << 20) + (bytes.Length * 12_000L), $"{Sample.Seed}: {bytes.Length} bytes took {spent}");
        }

        Assert.True(read > 100 && refused > 100, $"{read} {refused}");
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

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var at = random.Next(1, bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256)));
                    break;
            }

            if (bytes.Count < 2)
            {
                break;
            }
        }

        return [.. bytes];
    }
}
