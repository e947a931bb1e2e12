using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Leases;
using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>
/// A full backup over the network: the server's own base backup by the replication protocol, into the same packs and maps as
/// one from files. Everything is sent, and only what the repository does not hold is stored (docs/decisions/0044).
/// </summary>
public sealed class StreamedBackup
{
    private const string MarkerHint = "Check --repository, --cluster and --connection. To use this cluster from now on, on "
        + "the server's host: 'lifeboat adopt --as-new --cluster-dir DIR'.";

    private readonly PhysicalBackupRequest _request;
    private readonly IActivity _activity;
    private readonly List<string> _warnings = [];
    private readonly DateTimeOffset _start;

    private StreamedBackup(PhysicalBackupRequest request, IActivity activity)
    {
        _request = request;
        _activity = activity;
        _start = request.Time.GetUtcNow();
    }

    /// <param name="request">Its directory and files are not looked at.</param>
    /// <exception cref="LifeboatException">See the exit codes; nothing is listed then.</exception>
    public static Task<PhysicalBackupReport> RunAsync(
        PhysicalBackupRequest request, IActivity activity, CancellationToken cancellationToken) =>
        new StreamedBackup(request, activity).RunAsync(cancellationToken);

    /// <summary>By which pg_stat_replication shows the stream.</summary>
    internal static string ApplicationName(PhysicalBackupRequest request) =>
        request.Connection.ApplicationName ?? "lifeboat";

    /// <summary>As what WAL is stored that is streamed for a backup.</summary>
    internal static WalReceiveRequest Receiving(PhysicalBackupRequest request) => new()
    {
        Cluster = request.Cluster,
        ConnInfo = request.Connection,
        Slot = default,
        Files = request.Files,
        Time = request.Time,
    };

    private async Task<PhysicalBackupReport> RunAsync(CancellationToken cancellationToken)
    {
        RequireKind();

        // Nothing is relied on that is not locked for long enough.
        await LockRenewal.EnsureAsync(_request.Cluster, cancellationToken);
        await using var session = await ServerSession.OpenAsync(_request.Connection, cancellationToken);
        var (server, control) = await StreamOrigin.AskAsync(session, cancellationToken);
        await LookAtMarkerAsync(session, cancellationToken);
        await using var replication = await ReplicationSession.OpenAsync(
            _request.Connection, ApplicationName(_request), cancellationToken);
        await RequireOneServerAsync(session, server, replication, cancellationToken);
        await WalHold.TakeIfNeededAsync(
            session, server, $"lifeboat_{Id128.NewRandom()}", _warnings, cancellationToken);
        await using var writer = await WriterSession.BeginAsync(_request.Cluster, cancellationToken);
        var manifest = await KeptLease.RunAsync(
            writer.Lease,
            stopping => WriteAsync(session, server, control, replication, writer, stopping),
            cancellationToken);
        return new PhysicalBackupReport(manifest, _request.Time.GetUtcNow() - _start);
    }

    private async Task<BackupManifest> WriteAsync(
        ServerSession session,
        ServerFacts server,
        ControlFacts control,
        ReplicationSession replication,
        WriterSession writer,
        CancellationToken cancellationToken)
    {
        _activity.Say("waiting for the server's checkpoint");
        var stream = await replication.StartBaseBackupAsync(
            new BaseBackupRequest($"lifeboat {_request.Cluster.Name}", !_request.SpreadCheckpoint), cancellationToken);
        _activity.Say($"receiving {stream.Tablespaces.Count} archive{(stream.Tablespaces.Count == 1 ? "" : "s")}");
        using var oneAtATime = new SemaphoreSlim(1, 1);
        var files = await new StreamedCopy(_request, stream, control, writer, _activity, _warnings).RunAsync(
            cancel => PositionAsync(session, oneAtATime, cancel), cancellationToken);

        // The WAL may be asked for on another connection, and the server may have no more than one to give.
        await replication.DisposeAsync();
        var lineage = await ServerLineage.OfMarker(_request.Cluster, files.Marker, MarkerHint).BindAsync(
            _request.Cluster, server.SystemIdentifier, server.WalSegmentSize.Bytes, server.Major, cancellationToken);
        var origin = new StreamOrigin(session, server, control, lineage);
        origin.Require(files.Control);
        var catalog = await CatalogLines.ReadAsync(_request.Connection, _warnings, cancellationToken);
        return await new BackupCompletion(_request, origin, writer, _activity, _warnings).RunAsync(
            _start, stream.Start, files.Stop, files.Copied, catalog, cancellationToken);
    }

    private void RequireKind()
    {
        if (_request.Kind == BackupKind.Incremental)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "back up the server",
                "",
                "an incremental backup reads single pages of files, and with --method stream the server sends whole ones",
                Hint: "Give --kind auto or full: everything is sent, and only what changed is stored. On the server's host, "
                    + "--method files takes incremental backups."));
        }
    }

    /// <summary>
    /// The marker comes with the files; where the role may look at it beforehand, a wrong repository is noticed before
    /// everything was sent.
    /// </summary>
    private async Task LookAtMarkerAsync(ServerSession session, CancellationToken cancellationToken)
    {
        var (_, content) = await ServerFile.TryReadAsync(session, CopyRules.LineageMarker, cancellationToken);
        _ = ServerLineage.OfMarker(_request.Cluster, content, MarkerHint);
    }

    /// <summary>Several addresses may lead each connection to another server.</summary>
    private static async Task RequireOneServerAsync(
        ServerSession session, ServerFacts server, ReplicationSession replication, CancellationToken cancellationToken)
    {
        var system = await replication.IdentifyAsync(cancellationToken);
        if (system.SystemIdentifier != server.SystemIdentifier || replication.Address != session.Address)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "back up the server",
                replication.Address.ToString(),
                $"the connection for replication led here, and the other one to {session.Address}",
                Transient: true,
                "Give one address, or target_session_attrs, so that both lead to the same server."));
        }
    }

    private static async Task<Lsn> PositionAsync(
        ServerSession session, SemaphoreSlim oneAtATime, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            return await WalPosition.ReachedAsync(session, cancellationToken);
        }
        finally
        {
            oneAtATime.Release();
        }
    }
}
