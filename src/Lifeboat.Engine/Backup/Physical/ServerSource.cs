using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>A server whose files are read, after everything that can be told beforehand was told.</summary>
/// <param name="Directory">Its data directory on this host.</param>
internal sealed record ServerSource(
    string Directory, ServerFacts Server, ControlFile Control, LineageRecord Lineage) : BackupOrigin(Server, Lineage)
{
    /// <exception cref="LifeboatException">Mismatch, NotFound, Denied: the backup would not be what was asked for.</exception>
    internal static async Task<ServerSource> IdentifyAsync(
        PhysicalBackupRequest request, ServerSession session, CancellationToken cancellationToken)
    {
        var server = await ServerFacts.ReadAsync(session, cancellationToken);
        var directory = request.ClusterDirectory ?? server.DataDirectory
            ?? throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                "",
                "no data directory was given, and the role may not ask the server for it",
                Hint: "Give --cluster-dir DIR, or GRANT pg_read_all_settings to the role."));
        RequireWalLevel(server, session);
        var control = await ServerMatch.CheckAsync(
            request.Files, directory, server, request.Time, cancellationToken);
        var lineage = await ServerLineage.ResolveAsync(request.Cluster, request.Files, directory);
        var bound = await lineage.BindAsync(request.Cluster, control, cancellationToken);
        return new ServerSource(directory, server, control, bound);
    }

    internal override ServerIdentity Identity(IFileSystem files) => new(
        Server.SystemIdentifier.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Control.Major,
        Server.Version,
        Control.CatalogVersion,
        Control.BlockSize,
        (int)Control.RelSegSize,
        Control.WalSegmentSize.Bytes,
        Control.HasDataChecksums,
        files.StatTarget(Directory) is { } status ? UserNames.NameOf(files, status.Owner) : null);

    /// <summary>The backup of a standby ends at minRecoveryPoint, which the control file tells, or a later one.</summary>
    internal override async ValueTask RequireEndAsync(
        PhysicalBackupRequest request, Timeline start, CancellationToken cancellationToken)
    {
        if (!Server.InRecovery)
        {
            return;
        }

        var control = await ServerDirectory.ReadControlAsync(request.Files, Directory, request.Time, cancellationToken);
        if (control.MinRecoveryPointTimeline is { } end && end != start)
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

    internal override IServerWal Wal(PhysicalBackupRequest request) => new DirectoryWal(request, Directory, Server.InRecovery);

    internal override Task<ConfigurationFile[]> ReadConfigurationAsync(
        PhysicalBackupRequest request, List<string> warnings, CancellationToken cancellationToken) =>
        OutsideConfiguration.ReadAsync(new DirectoryConfiguration(request.Files, Directory), Server, warnings, cancellationToken);
}
