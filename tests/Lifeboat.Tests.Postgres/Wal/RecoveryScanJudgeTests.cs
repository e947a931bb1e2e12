using System.Globalization;
using System.Text.RegularExpressions;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>The judge of where a recovery ends is PostgreSQL: it is told the same target, over the same WAL.</summary>
public sealed partial class RecoveryScanJudgeTests
{
    [Theory]
    [ClassData(typeof(EveryMajor))]
    public async Task PostgreSQL_ends_a_recovery_where_the_scan_of_its_WAL_says(int major)
    {
        await using var workload = await WalWorkload.StartAsync(major);
        await workload.RunAsync("create table t(id int primary key, a int[], p point, d date, s text)");
        var backup = workload.Folder.CreateForPostgres("backup");
        (await workload.Server.RunAsync(
            "pg_basebackup", "-D", backup, "-X", "none", "-c", "fast", "--no-sync")).Expect();

        var start = Lsn.Parse(await workload.Server.ScalarAsync<string>("select pg_switch_wal()::text"));
        await workload.TransactionsAsync();
        await workload.FinishAsync();
        var segments = WalFolder.Read(workload.Archive, WalWorkload.Size, Timeline.First)
            .Where(s => s.Name.End > start).ToList();
        var ends = Ends(segments);
        var time = ends[ends.Count / 2].Time;
        var prepared = ends.First(e => e.IsPrepared);

        RecoveryTarget[] targets =
        [
            new RecoveryTarget.AtTime(time),
            new RecoveryTarget.AtTime(time, Inclusive: false),
            new RecoveryTarget.AtXid(prepared.Xid),
            new RecoveryTarget.AtXid(ends[^1].Xid, Inclusive: false),
            new RecoveryTarget.AtName("twice"),
            new RecoveryTarget.AtLsn(ends[2].Lsn),
            new RecoveryTarget.AtLsn(ends[^2].Lsn + 1, Inclusive: false),
        ];
        // A recovery takes seconds: the oldest and the newest major go through all, those between through every other
        // one.
        foreach (var target in targets.Where((_, i) => major is 13 or 18 || i % 2 == 0))
        {
            var scan = Scan(target, segments);
            var log = await RecoverAsync(workload, backup, target);
            Assert.True(scan.Stop is not null, $"{target} was not found");
            AssertSame(scan, log, $"{target} → {scan.Stop}, last time {scan.LastTime}\n{log}");
        }
    }

    private static void AssertSame(RecoveryScan scan, string log, string shown)
    {
        var stop = scan.Stop!;
        var match = Stopping().Match(log);
        Assert.True(match.Success, shown);
        if (match.Groups["xid"].Success)
        {
            Assert.True(match.Groups["when"].Value == (stop.Replays ? "after" : "before"), shown);
            Assert.True(match.Groups["xid"].Value == $"{stop.Xid}", shown);
            Assert.True(Time(match.Groups["time"].Value) == stop.Time, shown);
        }
        else if (match.Groups["name"].Success)
        {
            Assert.True(
                match.Groups["name"].Value == stop.Name && Time(match.Groups["nameTime"].Value) == stop.Time, shown);
        }
        else
        {
            Assert.True(match.Groups["lsnWhen"].Value == (stop.Replays ? "after" : "before"), shown);
            Assert.True(match.Groups["lsn"].Value == $"{stop.Lsn}", shown);
        }

        var last = LastCompleted().Match(log);
        Assert.True(last.Success && Time(last.Groups["time"].Value) == scan.LastTime, shown);
    }

    [GeneratedRegex("""
        recovery[ ]stopping[ ](?:
            (?<when>before|after)[ ](?:commit|abort)[ ]of[ ]transaction[ ](?<xid>\d+),[ ]time[ ](?<time>[-0-9 :.]+)\+00
            |at[ ]restore[ ]point[ ]"(?<name>[^"]+)",[ ]time[ ](?<nameTime>[-0-9 :.]+)\+00
            |(?<lsnWhen>before|after)[ ]WAL[ ]location[ ]\(LSN\)[ ]"(?<lsn>[^"]+)")
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, 10_000)]
    private static partial Regex Stopping();

    [GeneratedRegex(
        "last completed transaction was at log time (?<time>[-0-9 :.]+)\\+00", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex LastCompleted();

    private static PgTimestamp Time(string text) =>
        PgTimestamp.From(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));

    private static async Task<string> RecoverAsync(WalWorkload workload, string backup, RecoveryTarget target)
    {
        using var folder = new TemporaryFolder();
        var copy = folder.CreateForPostgres("data");
        var copying = new ProgramStart("cp", ["-a", $"{backup}/.", copy]) { AsPostgres = true };
        (await RunningProgram.RunAsync(copying)).Expect();
        var (name, value, inclusive) = target switch
        {
            RecoveryTarget.AtTime at => ("time", $"{at.Time}", at.Inclusive),
            RecoveryTarget.AtXid at => ("xid", $"{at.Xid}", at.Inclusive),
            RecoveryTarget.AtName at => ("name", at.Name, true),
            RecoveryTarget.AtLsn at => ("lsn", $"{at.Lsn}", at.Inclusive),
            _ => throw new ArgumentOutOfRangeException(nameof(target)),
        };
        await File.AppendAllTextAsync(Path.Combine(copy, "postgresql.auto.conf"), $"""

            archive_mode = off
            restore_command = 'cp {workload.Archive}/%f %p'
            recovery_target_{name} = '{value}'
            recovery_target_inclusive = {(inclusive ? "on" : "off")}
            recovery_target_action = promote

            """);
        await File.WriteAllTextAsync(Path.Combine(copy, "recovery.signal"), "");
        await using var server = PostgresServer.Over(workload.Server.Major, copy);
        await server.StartAsync();
        await server.WaitUntilPromotedAsync();
        await server.StopAsync(StopMode.Immediate);
        return server.Log;
    }

    private static RecoveryScan Scan(
        RecoveryTarget target, IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var scan = new RecoveryScan(target);
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record) && !scan.Feed(record))
            {
            }

            if (scan.Stop is not null)
            {
                break;
            }
        }

        return scan;
    }

    private static List<(TransactionId Xid, PgTimestamp Time, Lsn Lsn, bool IsPrepared)> Ends(
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var ends = new List<(TransactionId, PgTimestamp, Lsn, bool)>();
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                if (TransactionEnd.TryParse(record, out var end))
                {
                    ends.Add((end.Xid, end.Time, record.Lsn, end.IsPrepared));
                }
            }
        }

        return ends;
    }
}
