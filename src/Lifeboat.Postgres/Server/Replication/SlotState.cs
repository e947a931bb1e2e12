using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>How a slot stands, as pg_replication_slots shows it.</summary>
/// <param name="Restart">WAL is kept from here; null when none is.</param>
/// <param name="HeldBytes">From there to the end of the server's WAL.</param>
/// <param name="WalStatus">reserved, extended, unreserved or lost; null when no WAL is held.</param>
/// <param name="SafeBytes">
/// What can still be written before the slot loses WAL, with max_slot_wal_keep_size; null without a limit.
/// </param>
/// <param name="SynchronousCommit">The server's setting, for sessions that have none of their own.</param>
public sealed record SlotState(
    bool Active, Lsn? Restart, long HeldBytes, string? WalStatus, long? SafeBytes, string SynchronousCommit)
{
    private const string Query = """
        SELECT active, restart_lsn::text,
               coalesce(pg_catalog.pg_wal_lsn_diff(
                   CASE WHEN pg_catalog.pg_is_in_recovery()
                        THEN coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
                        ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::int8,
               wal_status, safe_wal_size::int8,
               pg_catalog.current_setting('synchronous_commit')
        FROM pg_catalog.pg_replication_slots WHERE slot_name = $1
        """;

    /// <summary>Null when there is no such slot.</summary>
    public static async Task<SlotState?> ReadAsync(ServerSession session, SlotName slot, CancellationToken cancel)
    {
        var rows = await session.QueryAsync(
            $"look at replication slot {slot}",
            Query,
            row => new SlotState(
                row.GetBoolean(0),
                row.IsDBNull(1) ? null : Lsn.Parse(row.GetString(1)),
                row.GetInt64(2),
                row.IsDBNull(3) ? null : row.GetString(3),
                row.IsDBNull(4) ? null : row.GetInt64(4),
                row.GetString(5)),
            cancel,
            slot.ToString());
        return rows.Count == 0 ? null : rows[0];
    }
}
