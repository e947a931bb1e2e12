using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Wal.Changes;
using Xunit;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>
/// Hostile summaries of changed blocks; <c>eng/fuzz summary</c> takes more of them. They are made of those of the corpus that
/// <c>eng/fuzz wal</c> has, the records of every kind and major, and of random WAL.
/// </summary>
public sealed class SummaryFuzzTests
{
    private const int ShortRuns = 30_000;
    private const int Longest = 6_000;

    private static readonly Lazy<byte[][]> s_corpus = new(() => [.. Corpus()]);

    [Fact]
    public void Whatever_stands_in_a_summary_it_is_refused_or_read_within_bounds_and_written_as_it_was_read()
    {
        var corpus = s_corpus.Value;
        Assert.True(corpus.Length > 100, $"{corpus.Length}");
        var (read, unknown, refused) = (0L, 0L, 0L);
        var runs = FuzzLoop.Run("summary", ShortRuns, random =>
        {
            var bytes = SummarySpoiling.Make(corpus, random);
            switch (Check(bytes))
            {
                case true:
                    read++;
                    break;
                case false:
                    refused++;
                    break;
                default:
                    unknown++;
                    break;
            }
        });

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{runs} inputs, {read} read, {refused} refused, {unknown} of a format that is not known");

        // A run that meets no faults, or nothing but faults, shows nothing.
        if (runs >= ShortRuns)
        {
            Assert.InRange(read, runs / 50, runs * 9 / 10);
            Assert.InRange(refused, runs / 10, runs * 49 / 50);
        }
    }

    /// <returns>Whether it was read; null for a format that is not known.</returns>
    private static bool? Check(byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        WalRunSummary? summary;
        try
        {
            summary = WalSummaryCodec.TryDecode(bytes);
        }
        catch (DecodingException)
        {
            RequireBound(bytes, before);
            return false;
        }

        RequireBound(bytes, before);
        if (summary is null)
        {
            return null;
        }

        // What is read has one form, and that one is read as the same.
        var written = WalSummaryCodec.Encode(summary);
        var again = WalSummaryCodec.Encode(WalSummaryCodec.TryDecode(written)!);
        Assert.Equal(written, again);
        return true;
    }

    /// <summary>A byte of a range can stand for a bitmap of 8 KiB; no byte stands for more.</summary>
    private static void RequireBound(byte[] bytes, long before)
    {
        var spent = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(spent < (1 << 20) + (bytes.Length * 12_000L), $"{bytes.Length} bytes took {spent}");
    }

    private static IEnumerable<byte[]> Corpus()
    {
        foreach (var major in WalFuzzCorpus.Majors)
        {
            foreach (var records in WalFuzzCorpus.Of(major).Chunk(6))
            {
                var wal = new WalBuilder(major);
                foreach (var record in records)
                {
                    wal.Raw((ResourceManager)record[17], record[16], [.. record], BitConverter.ToUInt32(record, 4));
                }

                foreach (var bytes in Summaries(wal))
                {
                    yield return bytes;
                }
            }
        }

        for (var seed = 0; seed < 40; seed++)
        {
            foreach (var bytes in Summaries(ChangeReading.RandomWal(seed, 10 + (seed * 3))))
            {
                yield return bytes;
            }
        }
    }

    private static IEnumerable<byte[]> Summaries(WalBuilder wal) =>
        wal.Segments.Select(segment => WalSummaryCodec.Encode(WalRunSummary.Of(segment.Name, segment.Content)))
            .Where(bytes => bytes.Length <= Longest);
}
