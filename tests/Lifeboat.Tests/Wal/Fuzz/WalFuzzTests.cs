using Xunit;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>Hostile WAL; <c>eng/fuzz wal</c> takes more of it.</summary>
public sealed class WalFuzzTests
{
    private const int ShortRuns = 30_000;

    [Fact]
    public void Whatever_stands_in_the_pages_reading_ends_and_parses_and_is_the_same_in_pieces()
    {
        var input = new WalFuzzInput();
        var run = new WalFuzzRun();
        var runs = FuzzLoop.Run("wal", ShortRuns, random =>
        {
            input.Make(random);
            run.Check(input, random);
        });

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{runs} inputs, {run.Refused} with what is no WAL, {run.Records} records, {run.Bodies} bodies");

        // A run that meets no faults, or nothing but faults, shows nothing.
        if (runs >= ShortRuns)
        {
            Assert.InRange(run.Refused, runs / 10, runs * 9 / 10);
            Assert.True(run.Records > runs && run.Bodies > runs);
        }
    }

    [Fact]
    public void Every_body_in_the_corpus_is_claimed_by_one_parser_at_most_and_read_by_it()
    {
        var claimed = new HashSet<(byte, int)>();
        foreach (var major in WalFuzzCorpus.Majors)
        {
            foreach (var bytes in WalFuzzCorpus.Of(major))
            {
                var wal = new Lifeboat.Testing.Wal.WalBuilder(major);
                wal.Raw((Lifeboat.Postgres.Format.Wal.ResourceManager)bytes[17], bytes[16], [.. bytes]);
                var reader = new Lifeboat.Postgres.Format.Wal.WalRecordReader();
                reader.Supply(wal.Segments[0].Name, wal.Segments[0].Content);
                Assert.True(reader.TryRead(out var record), $"{major}: {reader.Reason}");
                var counts = WalBodies.Touch(record);
                Assert.True(
                    counts.Claimed <= 1 && counts.Claimed == counts.Read,
                    $"{major} {record.Rmgr} {record.Info:X2}: {counts}");
                if (counts.Read == 1)
                {
                    claimed.Add((record.RmgrId, major));
                }
            }
        }

        Assert.True(claimed.Count >= 4 * 10, $"{claimed.Count}");
    }
}
