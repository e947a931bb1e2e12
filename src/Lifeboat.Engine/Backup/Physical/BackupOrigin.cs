using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
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
    /// The backup of a standby ends at minRecoveryPoint, on the timeline that was followed by then: the WAL of one timeline
    /// leads there only when it is the one on which the backup starts.
    /// </summary>
    /// <param name="start">The timeline on which the backup starts.</param>
    /// <exception cref="LifeboatException">Conflict: another server took the primary's place meanwhile.</exception>
    internal async Task RequireEndAsync(
        PhysicalBackupRequest request, Timeline start, CancellationToken cancellationToken)
    {
        if (Server.InRecovery
            && (await EndControlAsync(request, cancellationToken)).MinRecoveryPointTimeline is { } end && end != start)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                Operation,
                request.Cluster.Name,
                $"the standby went from timeline {start} to {end} since the checkpoint at which the backup starts",
                Transient: true,
                Hint: "Run the backup again behind the standby's next restart point: 'CHECKPOINT' on the new primary, then on "
                    + "the standby. What was copied is kept and not stored twice."));
        }
    }

    /// <summary>The control file as it is in the backup, or was later.</summary>
    protected abstract ValueTask<ControlFile> EndControlAsync(
        PhysicalBackupRequest request, CancellationToken cancellationToken);

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
