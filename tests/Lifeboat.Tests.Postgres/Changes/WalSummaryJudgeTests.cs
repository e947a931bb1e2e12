using System.Globalization;
using System.Text.RegularExpressions;
using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Changes;

public sealed partial class WalSummaryJudgeTests
{
    /// <summary>The majors that summarise WAL themselves.</summary>
    public static TheoryData<int> Majors => [17, 18];

    [Theory]
    [MemberData(nameof(Majors))]
    public Task Our_changed_blocks_contain_those_of_pg_walsummary(int major) => Sample.SeededAsync(async () =>
    {
        await using var server = await ChangeServer.StartAsync(
            major, ("summarize_wal", "on"), ("wal_summary_keep_time", "0"));
        await server.Server.PgbenchInitAsync(1);
        await server.RunAsync(ChangeSteps.Base);
        await server.RunStepsAsync(Sample.Numbers($"walsummary {major}"), Sample.IsWhole ? 300 : 45);
        var summaries = await SummariesAsync(server);
        await server.PushArchivedAsync();
        var flushed = await server.Server.ScalarAsync<NpgsqlTypes.NpgsqlLogSequenceNumber>(
            "select pg_current_wal_flush_lsn()");

        var (blocks, limits, sources) = (0L, 0, new List<ChangedBlocksSources>());
        foreach (var (path, from, to) in summaries)
        {
            var known = Assert.IsType<ChangedBlocksAnswer.Known>(
                await server.FindAsync(from, to, new Lsn((ulong)flushed)));
            sources.Add(known.Sources);
            var theirs = await server.Server.Installation.RunAsync("pg_walsummary", path);
            foreach (var line in theirs.Expect().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var entry = Entry().Match(line);
                Assert.True(entry.Success, line);
                if (entry.Groups["limit"] is { Success: true } limit)
                {
                    limits++;
                    AssertLimit(known.Changes, entry, uint.Parse(limit.Value, CultureInfo.InvariantCulture), line);
                }
                else
                {
                    blocks += AssertBlocks(known.Changes, entry, line);
                }
            }
        }

        Assert.True(summaries.Count > 3 && blocks > 2000 && limits > 100, $"{summaries.Count} {blocks} {limits}");
        Assert.True(sources.Sum(source => source.Stored) > 20 && sources.TrueForAll(source => source.Rebuilt == 0));
    });

    private static void AssertLimit(WalChanges changes, Match entry, uint limit, string line)
    {
        var name = NameOf(entry);
        if (name.Relation.RelNumber == 0)
        {
            Assert.Contains(new DatabaseDirectory(name.Relation.Tablespace, name.Relation.Database), changes.Databases);
            return;
        }

        // Their visibility map limits were the heap's length before it was mended: larger than ours.
        var ours = changes.Find(name)?.Limit;
        Assert.True(
            ours == limit || (name.Fork == RelationFork.VisibilityMap && ours <= limit),
            $"{line}: ours is {ours}");
    }

    private static long AssertBlocks(WalChanges changes, Match entry, string line)
    {
        var first = uint.Parse(entry.Groups["first"].Value, CultureInfo.InvariantCulture);
        var last = entry.Groups["last"] is { Success: true } end
            ? uint.Parse(end.Value, CultureInfo.InvariantCulture)
            : first;
        // Where a limit comes again it takes back the marks between for us, and not for them: it covers the block then.
        var fork = changes.Find(NameOf(entry));
        for (var block = first; block <= last; block++)
        {
            Assert.True(fork?.Covers(block) == true, $"block {block} of {line} is not among ours");
        }

        return last - first + 1;
    }

    private static RelationForkName NameOf(Match entry)
    {
        uint Number(string group) => uint.Parse(entry.Groups[group].Value, CultureInfo.InvariantCulture);
        return new RelationForkName(
            new RelFileLocator(Number("ts"), Number("db"), Number("rel")),
            entry.Groups["fork"].Value switch
            {
                "main" => RelationFork.Main,
                "vm" => RelationFork.VisibilityMap,
                "init" => RelationFork.Init,
                var other => throw new FormatException(other),
            });
    }

    /// <summary>All summary files, once the server has summarised up to its last checkpoint.</summary>
    private static async Task<List<(string Path, Lsn From, Lsn To)>> SummariesAsync(ChangeServer server)
    {
        await server.Server.ExecuteAsync("checkpoint");
        await server.Server.WaitUntilAsync(
            "summarised",
            "select max(end_lsn) >= (select redo_lsn from pg_control_checkpoint()) from pg_available_wal_summaries()");
        var folder = Path.Combine(server.Server.DataDirectory, "pg_wal", "summaries");
        var found = new List<(string Path, Lsn From, Lsn To)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.summary").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            ulong Number(int at) => ulong.Parse(name.AsSpan(at, 16), NumberStyles.AllowHexSpecifier, null);
            found.Add((path, new Lsn(Number(8)), new Lsn(Number(24))));
        }

        return found;
    }

    [GeneratedRegex(@"^TS (?<ts>\d+), DB (?<db>\d+), REL (?<rel>\d+), FORK (?<fork>\w+): "
        + @"(limit (?<limit>\d+)|blocks? (?<first>\d+)(\.\.(?<last>\d+))?)\s*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Entry();
}
