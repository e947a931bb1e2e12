using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The server that is backed up, after everything that can be told beforehand was told.</summary>
/// <param name="Directory">Its data directory on this host.</param>
/// <param name="Lineage">The lineage that the backup belongs to.</param>
internal sealed record ServerSource(
    string Directory, ServerFacts Server, ControlFile Control, LineageRecord Lineage)
{
    private const string Operation = "back up the server";

    /// <summary>Whether another server writes the WAL, and archives it.</summary>
    internal bool IsStandby => Server.InRecovery;

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
        if (string.Equals(server.WalLevel, "minimal", StringComparison.Ordinal))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                session.Address.ToString(),
                "wal_level is minimal: its WAL cannot make a backup consistent",
                Hint: "Set wal_level = replica (or logical) and restart the server."));
        }

        var control = await ServerMatch.CheckAsync(
            request.Files, directory, server, request.Time, cancellationToken);
        var lineage = await ServerLineage.ResolveAsync(request.Cluster, request.Files, directory);
        var bound = await lineage.BindAsync(request.Cluster, control, cancellationToken);
        return new ServerSource(directory, server, control, bound);
    }

    internal ServerIdentity Identity(IFileSystem files) => new(
        Server.SystemIdentifier.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Control.Major,
        Server.Version,
        Control.CatalogVersion,
        Control.BlockSize,
        (int)Control.RelSegSize,
        Control.WalSegmentSize.Bytes,
        Control.HasDataChecksums,
        files.StatTarget(Directory) is { } status ? UserNames.NameOf(files, status.Owner) : null);
}
