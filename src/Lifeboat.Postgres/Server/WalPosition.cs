using System.Globalization;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server;

/// <summary>Where a server's WAL stands, and how to make it go on.</summary>
public static class WalPosition
{
    /// <summary>The prefix of the messages that Lifeboat writes into the WAL.</summary>
    public const string MessagePrefix = "lifeboat";

    /// <summary>Up to where the WAL of a primary is durable, and the server's clock; null on a standby.</summary>
    public static Task<(Lsn? Flushed, DateTimeOffset Now)> ReadAsync(ServerSession session, CancellationToken cancel) =>
        session.SingleAsync(
            "ask the server how far its WAL is flushed",
            """
            SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_flush_lsn()::text END,
                   pg_catalog.clock_timestamp()
            """,
            row => (
                row.IsDBNull(0) ? (Lsn?)null : Lsn.Parse(row.GetString(0)),
                row.GetFieldValue<DateTimeOffset>(1)),
            cancel);

    /// <summary>Where WAL is inserted now, or replayed to on a standby.</summary>
    public static Task<Lsn> ReachedAsync(ServerSession session, CancellationToken cancel) => session.SingleAsync(
        "ask for the server's WAL position",
        """
        SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                     ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text
        """,
        row => Lsn.Parse(row.GetString(0)),
        cancel);

    /// <summary>
    /// Commits a message that changes nothing (pg_logical_emit_message), and ends the segment, so that it is archived.
    /// </summary>
    /// <returns>Where the message's transaction ended, or a little later, and the segment in which that is.</returns>
    /// <exception cref="Platform.Errors.LifeboatException">
    /// Denied: pg_switch_wal() needs a superuser, or EXECUTE on it. Failed: a standby.
    /// </exception>
    public static async Task<(Lsn End, string Segment)> BeatAsync(
        ServerSession session, DateTimeOffset time, CancellationToken cancel)
    {
        const string operation = "write a heartbeat into the WAL";
        await session.SingleAsync(
            operation,
            "SELECT pg_catalog.pg_logical_emit_message(true, $1, $2)::text",
            row => row.GetString(0),
            cancel,
            MessagePrefix,
            string.Create(CultureInfo.InvariantCulture, $"heartbeat {time:O}"));
        var end = await session.SingleAsync(
            operation, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text", row => Lsn.Parse(row.GetString(0)), cancel);
        return await session.SingleAsync(
            operation,
            "SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_switch_wal())",
            row => (end, row.GetString(0)),
            cancel);
    }
}
