using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

public sealed class WaldumpAgreementTests
{
    public static TheoryData<int, uint> Runs
    {
        get
        {
            var runs = new TheoryData<int, uint>();
            foreach (var major in WalFixtures.Majors)
            {
                runs.Add(major.Data, 1);
                runs.Add(major.Data, 2);
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Every_record_is_the_one_that_pg_waldump_prints(int major, uint timeline)
    {
        var comparison = new WaldumpComparison(WalFixtures.Waldump(major, timeline));

        var reader = comparison.Run(WalFixtures.Segments(major, timeline));

        Assert.Empty(comparison.Differences);
        Assert.Equal(WalReaderState.NeedsMore, reader.State);
        Assert.Equal(major, reader.Major);
        Assert.Equal(WalFixtures.Fact(major, "sysid"), reader.SystemIdentifier.ToString());
        Assert.True(comparison.Records >= 11);
    }

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void The_fixtures_hold_every_kind_of_body_that_is_parsed(int major)
    {
        var first = new WaldumpComparison(WalFixtures.Waldump(major, 1));
        first.Run(WalFixtures.Segments(major, 1));
        var second = new WaldumpComparison(WalFixtures.Waldump(major, 2));
        second.Run(WalFixtures.Segments(major, 2));

        string[] kinds =
        [
            "COMMIT", "ABORT", "COMMIT_PREPARED", "ABORT_PREPARED", "RESTORE_POINT", "CHECKPOINT_ONLINE",
            "CHECKPOINT_SHUTDOWN", "OVERWRITE_CONTRECORD", "wal_level", "Storage CREATE", "Heap INSERT", "Heap UPDATE",
            "Heap DELETE", "Transaction PREPARE", "LogicalMessage MESSAGE", "Standby LOCK", "Sequence LOG",
        ];
        Assert.Empty(kinds.Except(first.Bodies.Keys));
        Assert.Contains("END_OF_RECOVERY", second.Bodies.Keys);
        Assert.True(first.Blocks.Images > 20 && first.Blocks.All > first.Blocks.Images);
    }

    [Theory]
    [InlineData("desc: INSERT off: ", "desc: INSERT off: 1")]
    [InlineData("desc: MULTI_INSERT ntuples: ", "desc: MULTI_INSERT ntuples: 1")]
    [InlineData("desc: DELETE xmax: 762, off: ", "desc: DELETE xmax: 762, off: 1")]
    [InlineData("new_off: ", "new_off: 1")]
    [InlineData("desc: CREATE base/5/", "desc: CREATE base/5/1")]
    [InlineData("desc: LOCK xid ", "desc: LOCK xid 1")]
    [InlineData("gid kept", "gid keep")]
    [InlineData("; subxacts: ", "; subxacts: 1")]
    [InlineData("prefix \"test", "prefix \"text")]
    [InlineData("max_wal_senders=", "max_wal_senders=1")]
    public void The_comparison_tells_a_body_that_is_another(string right, string wrong)
    {
        var lines = WalFixtures.Waldump(18, 1).ToList();
        var at = lines.FindIndex(l => l.Contains(right, StringComparison.Ordinal));
        lines[at] = lines[at].Replace(right, wrong, StringComparison.Ordinal);

        var comparison = new WaldumpComparison(lines);
        comparison.Run(WalFixtures.Segments(18, 1));

        Assert.Single(comparison.Differences);
    }

    [Fact]
    public void The_comparison_tells_a_wrong_block_a_wrong_time_and_a_missing_record()
    {
        var lines = WalFixtures.Waldump(18, 1).ToList();
        var block = lines.FindIndex(l => l.Contains(" blk ", StringComparison.Ordinal));
        var commit = lines.FindIndex(l => l.Contains("desc: COMMIT 2", StringComparison.Ordinal));
        lines[block] = lines[block].Replace(" blk ", " blk 1", StringComparison.Ordinal);
        lines[commit] = lines[commit].Replace("COMMIT 2", "COMMIT 3", StringComparison.Ordinal);

        var comparison = new WaldumpComparison(lines.Append(lines[0]));
        comparison.Run(WalFixtures.Segments(18, 1));

        Assert.Equal(3, comparison.Differences.Count);
    }
}
