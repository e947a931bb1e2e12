using System.Globalization;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A recovery target, with the transactions that are committed there as the order of the WAL says.</summary>
/// <param name="Words">The options of <c>lifeboat restore</c>.</param>
/// <param name="LastReplayed">Where the last record begins that recovery replays.</param>
internal sealed record ExactTarget(string[] Words, IReadOnlyList<uint> Committed, Lsn LastReplayed)
{
    /// <summary>Targets of each kind at random points: nine in each round.</summary>
    /// <param name="events">All records of one history, in their order.</param>
    /// <param name="stop">Where the backup ended: targets lie behind it.</param>
    internal static IEnumerable<ExactTarget> Choose(List<WalEvent> events, Lsn stop, int rounds, Random random)
    {
        // The last transaction has none behind it, and PostgreSQL cannot stop at a time behind which nothing comes.
        var within = events.Where(item => item.Lsn > stop).ToList();
        var ends = within.Where(item => item.Xid is not null).SkipLast(1).ToList();
        var commits = ends.Where(item => item.Commits).ToList();
        var points = within.Where(item => item.Name?.StartsWith("point", StringComparison.Ordinal) == true).ToList();
        ExactTarget Until(Predicate<WalEvent> stops, bool inclusive, params string[] words)
        {
            var replayed = events.FindIndex(stops) + (inclusive ? 1 : 0);
            return new ExactTarget(
                inclusive ? words : [.. words, "--target-exclusive"],
                [.. events.Take(replayed).Where(item => item.Commits).Select(item => item.Xid!.Value)],
                events[replayed - 1].Lsn);
        }

        for (var round = 0; round < rounds; round++)
        {
            var record = within[random.Next(within.Count - 1)].Lsn;
            var end = ends[random.Next(ends.Count)];
            var commit = commits[random.Next(commits.Count)];
            var name = points[random.Next(points.Count)].Name!;
            var time = end.Time!.Value;
            var written = time.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
            var xid = end.Xid!.Value.ToString(CultureInfo.InvariantCulture);
            foreach (var inclusive in (bool[])[true, false])
            {
                yield return Until(item => item.Lsn >= record, inclusive, "--target-lsn", $"{record}");
                yield return Until(item => item == commit, inclusive, "--target-lsn", $"{commit.Lsn}");
                yield return Until(item => item == end, inclusive, "--target-xid", xid);
            }

            // At an inclusive time recovery ends before the first transaction that is later.
            var later = Until(item => item.Time > time, inclusive: false);
            yield return later with { Words = ["--target-time", written] };
            yield return Until(item => item.Time >= time, inclusive: false, "--target-time", written);
            yield return Until(item => item.Name == name, inclusive: true, "--target-name", name);
        }
    }

    /// <summary>Recovers to it, compares what is visible in the ledger, and removes the copy.</summary>
    /// <param name="written">Transactions that ever wrote into the ledger.</param>
    internal async Task RequireAsync(
        Vault vault, PostgresServer source, string name, HashSet<uint> written, params string[] more)
    {
        string[] words = [.. Words, .. more];
        await using var restored = await vault.RecoverAsync(source, name, words);
        var visible = await Ledger.VisibleAsync(restored);
        var expected = Committed.Where(written.Contains).ToHashSet();
        Assert.True(
            visible.SetEquals(expected),
            $"{string.Join(' ', words)}: missing {string.Join(' ', expected.Except(visible))},"
            + $" too many {string.Join(' ', visible.Except(expected))}\n{restored.Log}");
        await restored.StopAsync(StopMode.Immediate);
        PostgresUser.Coreutils("rm", "-rf", "--", restored.DataDirectory);
    }
}
