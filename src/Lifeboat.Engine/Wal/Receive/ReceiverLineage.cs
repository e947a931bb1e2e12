using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Into which lineage a server's stream goes. A restored copy has its source's system identifier, and only its data
/// directory
/// says that it is a copy: it is asked through the server where the receiver runs elsewhere.
/// </summary>
internal sealed class ReceiverLineage(WalReceiveRequest request)
{
    private ServerLineage? _last;
    private bool _warned;

    /// <exception cref="LifeboatException">Mismatch: the marker is of another cluster. Damaged.</exception>
    internal async Task<ServerLineage> ResolveAsync(CancellationToken cancellationToken)
    {
        if (request.ClusterDirectory is { } directory)
        {
            return await ServerLineage.ResolveAsync(request.Cluster, request.Files, directory);
        }

        if (request.Lineage is { } given)
        {
            var record = await LineageCatalog.TryReadAsync(request.Cluster, given, cancellationToken);
            return new ServerLineage(
                given,
                record is null ? null : new LineageMarker(given, request.Cluster.Id, record.Parent),
                DataDirectory: null);
        }

        return _last = await AskAsync(cancellationToken);
    }

    /// <summary>
    /// Where the data directory is at hand, the claim to the timeline holds as it does for <c>wal push</c>.
    /// </summary>
    /// <exception cref="LifeboatException">Conflict: another server holds it.</exception>
    internal async Task RequireClaimAsync(
        ServerLineage server, Timeline timeline, CancellationToken cancellationToken)
    {
        if (server.DataDirectory is not { } directory)
        {
            return;
        }

        var wanted = ServerPlace.Of(request.Files, directory, request.Host).ToClaim(server.Lineage, timeline);
        var holder = await Claims.TakeIfFreeAsync(request.Cluster, wanted, cancellationToken);
        if (!holder.IsSameServer(wanted))
        {
            throw Claims.Refusal(request.Cluster, holder, wanted);
        }
    }

    private async Task<ServerLineage> AskAsync(CancellationToken cancellationToken)
    {
        string reason;
        try
        {
            await using var session = await ServerSession.OpenAsync(request.ConnInfo, cancellationToken);
            var (allowed, content) = await ServerFile.TryReadAsync(session, LineageMarker.FileName, cancellationToken);
            if (allowed)
            {
                return ServerLineage.OfMarker(
                    request.Cluster,
                    content,
                    "Check --repository, --cluster and --connection; --lineage says otherwise.");
            }

            reason = "the role may not read its data directory (GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, "
                + "bigint, boolean))";
        }
        catch (LifeboatException unreachable) when (unreachable.Code is ErrorCode.Denied or ErrorCode.NotFound)
        {
            reason = unreachable.Failure.Cause;
        }

        if (_last is not null)
        {
            return _last;
        }

        if (!_warned)
        {
            _warned = true;
            request.Report(new WalReceiveEvent.Warning(
                $"whether the server is a restored copy cannot be told: {reason}; its WAL goes into the cluster's first "
                + $"lineage {request.Cluster.FirstLineage}. --lineage says so, or another"));
        }

        return new ServerLineage(request.Cluster.FirstLineage, Marker: null, DataDirectory: null);
    }
}
