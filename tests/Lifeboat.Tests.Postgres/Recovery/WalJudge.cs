using System.Globalization;
using System.Text.RegularExpressions;
using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A record of the WAL as far as a recovery target can name it.</summary>
/// <param name="Lsn">Where it begins.</param>
/// <param name="Xid">The transaction that it ends; null for other records.</param>
/// <param name="Commits">Whether the transaction is committed by it.</param>
/// <param name="Time">When the transaction ended.</param>
/// <param name="Name">Of the restore point that it is.</param>
internal sealed record WalEvent(Lsn Lsn, uint? Xid, bool Commits, DateTimeOffset? Time, string? Name);

/// <summary>pg_waldump, as the judge of the order in which transactions were committed.</summary>
internal static partial class WalJudge
{
    /// <summary>All records from one position to the other, in their order.</summary>
    /// <param name="timeline">Along which they are read; they must be in the server's own pg_wal.</param>
    internal static async Task<List<WalEvent>> ReadAsync(
        PostgresServer server, string from, string to, uint timeline = 1)
    {
        var result = await server.Installation.RunAsync(
            "pg_waldump", "-p", Path.Combine(server.DataDirectory, "pg_wal"), "-t", $"{timeline}", "-s", from, "-e", to);
        return [.. result.Expect().Output.Split('\n').Select(line => Record().Match(line))
            .Where(match => match.Success).Select(Read)];
    }

    private static WalEvent Read(Match match)
    {
        var lsn = Lsn.Parse(match.Groups["lsn"].Value);
        var what = match.Groups["what"].Value;
        if (match.Groups["name"] is { Success: true } name)
        {
            return new WalEvent(lsn, Xid: null, Commits: false, Time: null, name.Value);
        }

        if (!match.Groups["time"].Success)
        {
            return new WalEvent(lsn, Xid: null, Commits: false, Time: null, Name: null);
        }

        // The record that ends a prepared transaction names it in its text.
        var xid = match.Groups["prepared"] is { Success: true } prepared ? prepared : match.Groups["tx"];
        return new WalEvent(
            lsn,
            uint.Parse(xid.Value, CultureInfo.InvariantCulture),
            what.StartsWith("COMMIT", StringComparison.Ordinal),
            DateTimeOffset.ParseExact(
                match.Groups["time"].Value,
                "yyyy-MM-dd HH:mm:ss.FFFFFF",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal),
            Name: null);
    }

    [GeneratedRegex(
        @"^rmgr: (?<manager>\S+) .*?tx: +(?<tx>\d+), lsn: (?<lsn>[0-9A-F]+/[0-9A-F]+), prev [^,]+, desc: "
        + @"((?<what>(COMMIT|ABORT)(_PREPARED)?) ((?<prepared>\d+): )?(?<time>\d{4}-[0-9: .-]+\d) UTC.*"
        + @"|RESTORE_POINT (?<name>.*)|.*)$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Record();
}
