using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// A temporary physical replication slot that keeps the server from removing WAL, for as long as its session lives.
/// </summary>
/// <param name="Name">The slot's name; null when the server gave none.</param>
/// <param name="From">WAL is kept from here; zero when nothing is held.</param>
/// <param name="Reason">Why nothing is held; empty when it is.</param>
public sealed record WalHold(string? Name, Lsn From, string Reason)
{
    public bool IsHeld => Name is not null;

    /// <summary>
    /// A server that does not archive removes WAL at its checkpoints; a slot keeps it until the backup has it.
    /// </summary>
    /// <param name="warnings">Told when nothing holds it back.</param>
    public static async Task TakeIfNeededAsync(
        ServerSession session, ServerFacts server, string name, List<string> warnings, CancellationToken cancel)
    {
        if (string.Equals(server.ArchiveMode, "off", StringComparison.Ordinal) && !server.InRecovery)
        {
            var hold = await TryTakeAsync(session, name, cancel);
            if (!hold.IsHeld)
            {
                warnings.Add($"nothing holds back the WAL of this backup: {hold.Reason}");
            }
        }
    }

    /// <summary>
    /// Asks for a slot. A role without the right, a server without free slots or one that does not allow them give a
    /// hold that holds nothing, with the reason: the backup is then on its own against wal_keep_size.
    /// </summary>
    /// <param name="name">Lower-case letters, digits and underscores, 63 at most.</param>
    /// <exception cref="LifeboatException">The session was lost.</exception>
    public static async Task<WalHold> TryTakeAsync(ServerSession session, string name, CancellationToken cancel)
    {
        try
        {
            var from = await session.SingleAsync(
                "hold WAL with a temporary replication slot",
                "SELECT lsn::text FROM pg_catalog.pg_create_physical_replication_slot($1, true, true)",
                row => Lsn.Parse(row.GetString(0)),
                cancel,
                name);
            return new WalHold(name, from, "");
        }
        catch (LifeboatException error)
            when (error.InnerException is Npgsql.PostgresException server && server.SqlState is not ['5', '7', 'P', ..])
        {
            return new WalHold(null, Lsn.Zero, error.Failure.Cause);
        }
    }

    /// <summary>Lets the WAL go before the session ends.</summary>
    public async Task ReleaseAsync(ServerSession session, CancellationToken cancel)
    {
        if (Name is not null)
        {
            await session.QueryAsync(
                "release the temporary replication slot",
                "SELECT pg_catalog.pg_drop_replication_slot($1)::text",
                _ => true,
                cancel,
                Name);
        }
    }
}
