using System.Globalization;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>Asks a server, its data directory or both what the archive does not have yet.</summary>
public sealed class ServerTail(Cluster cluster, IFileSystem files, TimeProvider time)
{
    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromMilliseconds(100);

    /// <param name="session">Null to go by the data directory alone.</param>
    /// <param name="clusterDirectory">Null: where the server says that it is, when that can be read here.</param>
    /// <returns>Null when nothing of the server can be recovered.</returns>
    /// <exception cref="LifeboatException">Mismatch: another PostgreSQL cluster's server. Errors of store, files and server.</exception>
    public async ValueTask<LiveTail?> ReadAsync(
        ServerSession? session,
        string? clusterDirectory,
        ClusterWindows windows,
        CancellationToken cancellationToken)
    {
        var facts = session is null ? null : await ServerFacts.ReadAsync(session, cancellationToken);
        var directory = clusterDirectory ?? DirectoryOf(facts);
        var server = await ServerLineage.ResolveAsync(cluster, files, directory);
        var control = directory is null
            ? null
            : await ServerDirectory.ReadControlAsync(files, directory, time, cancellationToken);
        await RequireSameAsync(server, facts?.SystemIdentifier, cancellationToken);
        await RequireSameAsync(server, control?.SystemIdentifier, cancellationToken);
        Lsn? flushed = null;
        if (session is not null)
        {
            (flushed, _) = await WalPosition.ReadAsync(session, cancellationToken);
            if (flushed is null)
            {
                throw new LifeboatException(new Failure(
                    ErrorCode.Usage,
                    "ask the server what is not archived yet",
                    session.Address.ToString(),
                    "it is a standby, which writes no WAL of its own",
                    Hint: "Give the primary's connection."));
            }
        }

        var timeline = facts?.Timeline ?? control?.CheckPointCopy.Timeline ?? Timeline.First;
        return await LiveTail.ReadAsync(
            cluster, server.Lineage, timeline, windows, files, directory, flushed, cancellationToken);
    }

    /// <summary>Commits a message on the server, and waits until the archive has it.</summary>
    /// <returns>How long that took, from before the commit.</returns>
    /// <exception cref="LifeboatException">WalMissing: it did not arrive in time.</exception>
    public async ValueTask<(Lsn Lsn, TimeSpan Took)> BeatAsync(
        ServerSession session, string? clusterDirectory, TimeSpan patience, CancellationToken cancellationToken)
    {
        var facts = await ServerFacts.ReadAsync(session, cancellationToken);
        var server = await ServerLineage.ResolveAsync(cluster, files, clusterDirectory ?? DirectoryOf(facts));
        await RequireSameAsync(server, facts.SystemIdentifier, cancellationToken);
        var begun = time.GetTimestamp();
        var (end, segment) = await WalPosition.BeatAsync(session, time.GetUtcNow(), cancellationToken);
        while ((await WalStore.FindAsync(cluster, server.Lineage, segment, cancellationToken)).Count == 0)
        {
            if (time.GetElapsedTime(begun) > patience)
            {
                var archiver = await ArchiverStatus.ReadAsync(session, cancellationToken);
                throw new LifeboatException(new Failure(
                    ErrorCode.WalMissing,
                    "wait for the heartbeat to be archived",
                    segment,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"it did not arrive within {patience.TotalSeconds:0} s: {archiver}"),
                    Transient: true,
                    Hint: "The server's log shows why archive_command fails. A server that is only slow: "
                        + "--heartbeat-timeout waits longer."));
            }

            await Task.Delay(s_betweenLooks, time, cancellationToken);
        }

        return (end, time.GetElapsedTime(begun));
    }

    private string? DirectoryOf(ServerFacts? facts)
    {
        try
        {
            return facts?.DataDirectory is { } told && ServerDirectory.IsOne(files, told) ? told : null;
        }
        catch (LifeboatException)
        {
            // Another host's path, or one that this user may not look into.
            return null;
        }
    }

    private async ValueTask RequireSameAsync(
        ServerLineage server, ulong? systemIdentifier, CancellationToken cancellationToken)
    {
        if (systemIdentifier is { } given
            && await LineageCatalog.TryReadAsync(cluster, server.Lineage, cancellationToken) is { } record
            && record.SystemIdentifier != given.ToString(CultureInfo.InvariantCulture))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "ask the server what is not archived yet",
                $"cluster {cluster.Name}",
                $"it is of the server with system identifier {record.SystemIdentifier}, and this one has {given}",
                Hint: "Check --cluster, --connection and --cluster-dir."));
        }
    }
}
