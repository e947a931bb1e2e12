using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Brings the history of the server's timeline, and of those that it came from, into the archive before any WAL of them.
/// </summary>
internal sealed class ReceivedHistories(WalReceiveRequest request, Id128 lineage)
{
    /// <returns>The history of the timeline; one without entries for the first.</returns>
    /// <exception cref="LifeboatException">Conflict: another history is archived under its name. WalMissing, Damaged.</exception>
    internal async Task<TimelineHistory> ArchiveAsync(
        ReplicationSession session, Timeline timeline, CancellationToken cancellationToken)
    {
        if (timeline == Timeline.First)
        {
            return new TimelineHistory(timeline, []);
        }

        var content = await ReadAsync(session, timeline, cancellationToken);
        var history = TimelineHistory.Parse(timeline, content);
        foreach (var ancestor in history.Entries.Select(entry => entry.Timeline).Where(old => old > Timeline.First))
        {
            await ArchiveAncestorAsync(session, ancestor, cancellationToken);
        }

        await StoreAsync(timeline, content, cancellationToken);
        return history;
    }

    private async Task ArchiveAncestorAsync(
        ReplicationSession session, Timeline timeline, CancellationToken cancellationToken)
    {
        var stored = await WalStore.FindAsync(
            request.Cluster, lineage, TimelineHistory.FileName(timeline), cancellationToken);
        if (stored.Count > 0)
        {
            return;
        }

        try
        {
            await StoreAsync(timeline, await ReadAsync(session, timeline, cancellationToken), cancellationToken);
        }
        catch (LifeboatException missing) when (missing.Code == ErrorCode.WalMissing)
        {
            // A server need not keep it: what the newer history says of that timeline is enough to follow it.
        }
    }

    private async Task<byte[]> ReadAsync(
        ReplicationSession session, Timeline timeline, CancellationToken cancellationToken)
    {
        var content = await session.ReadHistoryAsync(timeline, cancellationToken);
        // U+FFFD in UTF-8: bytes that are no text in it were lost.
        if (!content.AsSpan().ContainsAny((byte)'\\', (byte)0)
            && content.AsSpan().IndexOf("\uFFFD"u8) < 0)
        {
            return content;
        }

        // The server sends the file as it is, and Npgsql takes a backslash in it (in the name of a restore point, say) for
        // an escape.
        await using var sql = await ServerSession.OpenAsync(request.ConnInfo, cancellationToken);
        var (_, exact) = await ServerFile.TryReadAsync(
            sql, $"pg_wal/{TimelineHistory.FileName(timeline)}", cancellationToken);
        return exact ?? throw new LifeboatException(new Failure(
            ErrorCode.Denied,
            "archive WAL",
            TimelineHistory.FileName(timeline),
            "it holds a backslash, which is lost on a replication connection, and the role may not read it otherwise",
            Hint: "GRANT pg_read_server_files TO the role, or archive it with 'lifeboat wal push' on the server's host."));
    }

    private async Task StoreAsync(Timeline timeline, byte[] content, CancellationToken cancellationToken)
    {
        var name = TimelineHistory.FileName(timeline);
        var facts = new WalFacts(
            name,
            content.Length,
            WalStore.TagOf(request.Cluster, content),
            Predecessor: null,
            Segment: null);
        var stored = await WalStore.FindAsync(request.Cluster, lineage, name, cancellationToken);
        if (stored.FirstOrDefault(item => item.Tag != facts.Tag) is not null)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "receive WAL",
                name,
                "the server's history of this timeline is another than the one that is archived, which was left as it is",
                Hint: "Two servers were promoted to the same timeline. The one that goes on here needs a lineage of its own: "
                    + "'lifeboat adopt --as-new --cluster-dir DIR' on its host, or --lineage."));
        }

        await WalStore.PutAsync(
            request.Cluster, lineage, content, facts, request.CompressionLevel, cancellationToken);
        if (stored.Count == 0)
        {
            request.Report(new WalReceiveEvent.HistoryStored(timeline));
        }
    }
}
