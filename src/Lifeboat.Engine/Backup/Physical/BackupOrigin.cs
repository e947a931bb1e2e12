using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The server that is backed up, whichever way its files come.</summary>
/// <param name="Lineage">The lineage that the backup belongs to.</param>
internal abstract record BackupOrigin(ServerFacts Server, LineageRecord Lineage)
{
    protected const string Operation = "back up the server";

    /// <summary>Whether WAL reaches the archive by itself; a standby's is its primary's business.</summary>
    internal bool Archives =>
        Server.InRecovery || !string.Equals(Server.ArchiveMode, "off", StringComparison.Ordinal);

    internal abstract ServerIdentity Identity(IFileSystem files);

    /// <summary>
    /// The WAL of one timeline leads to the end of a backup only when that is the one on which it starts; a standby may follow
    /// another primary meanwhile.
    /// </summary>
    /// <param name="start">The timeline on which the backup starts.</param>
    /// <exception cref="LifeboatException">Conflict: the standby went on to another one.</exception>
    internal abstract ValueTask RequireEndAsync(
        PhysicalBackupRequest request, Timeline start, CancellationToken cancellationToken);

    internal abstract IServerWal Wal(PhysicalBackupRequest request);

    /// <summary>Configuration from outside the data directory; what of it is not kept is told as a warning.</summary>
    internal abstract Task<ConfigurationFile[]> ReadConfigurationAsync(
        PhysicalBackupRequest request, List<string> warnings, CancellationToken cancellationToken);

    /// <exception cref="LifeboatException">Usage: its WAL cannot make a backup consistent.</exception>
    protected static void RequireWalLevel(ServerFacts server, ServerSession session)
    {
        if (string.Equals(server.WalLevel, "minimal", StringComparison.Ordinal))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                session.Address.ToString(),
                "wal_level is minimal: its WAL cannot make a backup consistent",
                Hint: "Set wal_level = replica (or logical) and restart the server."));
        }
    }
}
