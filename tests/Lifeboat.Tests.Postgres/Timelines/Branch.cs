using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Timelines;

/// <summary>One server that writes one timeline.</summary>
/// <param name="Begin">Where it left its parent; null for the first timeline.</param>
internal sealed record Branch(PostgresServer Server, uint Timeline, Lsn? Begin, Branch? Parent)
{
    /// <summary>A server that was promoted from another one's timeline.</summary>
    internal static async Task<Branch> OfPromotedAsync(PostgresServer server, Branch parent)
    {
        var timeline = parent.Timeline + 1;
        var history = await File.ReadAllTextAsync(
            Path.Combine(server.DataDirectory, "pg_wal", $"{timeline:X8}.history"));
        var last = history.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        return new Branch(server, timeline, Lsn.Parse(last.Split('\t')[1]), parent);
    }

    /// <summary>
    /// Every record from a position of the first timeline to the end of this one, each stretch from the server that
    /// wrote it.
    /// </summary>
    internal async Task<List<WalEvent>> ReadAsync(string from, Lsn? to = null)
    {
        var end = to?.ToString() ?? await Server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        if (Parent is null)
        {
            return await WalJudge.ReadAsync(Server, from, end, Timeline);
        }

        var before = await Parent.ReadAsync(from, Begin);
        return [.. before, .. await WalJudge.ReadAsync(Server, $"{Begin}", end, Timeline)];
    }
}
