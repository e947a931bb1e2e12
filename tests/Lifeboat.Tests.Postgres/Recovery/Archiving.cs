using Lifeboat.Testing.Servers;

namespace Lifeboat.Tests.Postgres.Recovery;

internal static class Archiving
{
    private const string Session = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name ~* 'lifeboat')";

    /// <summary>Ends the segment and waits until it is archived.</summary>
    internal static async Task ArchiveAllAsync(this PostgresServer server)
    {
        // A switch at the beginning of a segment does nothing, and then the segment before is the last one.
        await server.ExecuteAsync("SELECT pg_create_restore_point('end of segment')");
        var segment = await server.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await server.WaitUntilAsync(
            $"archiving {segment}",
            $"SELECT coalesce(max(last_archived_wal) >= '{segment}', false) FROM pg_stat_archiver"
            + " WHERE last_archived_wal ~ '^[0-9A-F]{24}$'");
    }

    /// <summary>Whether a backup is under way in the server, as its sessions and slots tell.</summary>
    internal static async Task<bool> IsInBackupModeAsync(this PostgresServer server) =>
        await server.ScalarAsync<bool>(
            server.Major < 15
                ? $"SELECT pg_is_in_backup() OR {Session}"
                : $"SELECT {Session}")
        || await server.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_replication_slots)");
}
