using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary><c>lifeboat wal show</c> against pg_waldump, which reads the server's own files.</summary>
public sealed partial class WalShowTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Records_of_a_segment_and_of_a_stretch_are_those_that_pg_waldump_prints(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving(PostgresOptions.Default with
        {
            WalSegmentMegabytes = 1,
            Settings = new Dictionary<string, string> { ["wal_keep_size"] = "1GB" },
        }));
        await server.PgbenchInitAsync(scale: 1);
        var from = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 300);
        await server.ExecuteAsync("CREATE TABLE g(a int[]); CREATE INDEX ON g USING gin(a); INSERT INTO g VALUES ('{1,2}')");
        await server.ExecuteAsync("VACUUM");
        var to = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ArchiveAllAsync();
        var segment = await server.ScalarAsync<string>($"SELECT pg_walfile_name('{from}')");
        var file = Path.Combine(server.DataDirectory, "pg_wal", segment);

        await CompareAsync(vault, server, [file], ["wal", "show", segment]);
        await CompareAsync(
            vault,
            server,
            ["--path", Path.GetDirectoryName(file)!, "--start", from, "--end", to],
            ["wal", "show", "--from", from, "--to", to]);

        var summary = await vault.RunAsync("wal", "show", segment, "--summary", "--output", "json");
        using var counts = JsonDocument.Parse(summary.Expect().Output.Trim());
        var records = await vault.RunAsync("wal", "show", segment, "--output", "json");
        Assert.Equal(
            records.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length,
            counts.RootElement.GetProperty("records").GetInt32());
        (await vault.RunAsync("wal", "show", "--from", "F/0")).Expect(3);
        (await vault.RunAsync("wal", "show", "000000010000000F00000001")).Expect(3);
        (await vault.RunAsync("wal", "show", segment, "--from", from, "--to", to)).Expect(2);
    }

    private static async Task CompareAsync(
        Vault vault, PostgresServer server, IReadOnlyList<string> theirs, IReadOnlyList<string> ours)
    {
        // It ends with an error where the WAL does, which is no segment's edge.
        var printed = await server.Installation.RunAsync("pg_waldump", theirs);
        var expected = printed.Output.Split('\n')
            .Where(line => line.StartsWith("rmgr:", StringComparison.Ordinal))
            .Select(Theirs)
            .ToList();
        var shown = (await vault.RunAsync([.. ours, "--output", "json"])).Expect().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(Ours)
            .ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, shown);
    }

    private static string Theirs(string line)
    {
        var head = Head().Match(line);
        var blocks = Block().Matches(line).Select(block => string.Join(
            ' ',
            block.Groups["rel"].Value,
            block.Groups["fork"] is { Success: true } fork ? fork.Value : "main",
            block.Groups["block"].Value,
            block.Groups["fpi"].Success ? "FPI" : ""));
        return string.Join(
            ' ',
            head.Groups["rmgr"].Value,
            head.Groups["length"].Value,
            head.Groups["xid"].Value,
            Plain(head.Groups["lsn"].Value),
            Plain(head.Groups["prev"].Value),
            string.Join("; ", blocks));
    }

    private static string Ours(string line)
    {
        using var document = JsonDocument.Parse(line);
        var record = document.RootElement;
        var blocks = record.GetProperty("blocks").EnumerateArray().Select(block => string.Join(
            ' ',
            block.Text("rel"),
            block.Text("fork"),
            block.Number("block"),
            block.GetProperty("fpi").GetBoolean() ? "FPI" : ""));
        return string.Join(
            ' ',
            record.Text("rmgr"),
            record.Number("length"),
            record.Number("xid"),
            record.Text("lsn"),
            record.Text("prev"),
            string.Join("; ", blocks));
    }

    private static string Plain(string lsn) => Lifeboat.Postgres.Format.Lsn.Parse(lsn).ToString();

    [GeneratedRegex(
        @"^rmgr: (?<rmgr>\S+)\s+len \(rec/tot\):\s+\d+/\s*(?<length>\d+), tx:\s+(?<xid>\d+), lsn: (?<lsn>[0-9A-F/]+), "
        + "prev (?<prev>[0-9A-F/]+),", RegexOptions.ExplicitCapture)]
    private static partial Regex Head();

    [GeneratedRegex(
        @"blkref #\d+: rel (?<rel>\d+/\d+/\d+)( fork (?<fork>\w+))? blk (?<block>\d+)(?<fpi> FPW)?",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
