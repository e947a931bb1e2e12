using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>The WAL of a server that is reached by replication alone: it is streamed, without a slot of its own.</summary>
internal sealed class StreamedWal(PhysicalBackupRequest request, StreamOrigin origin) : IServerWal
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    public async Task PushHistoriesAsync(List<string> missing, CancellationToken cancellationToken)
    {
        if (missing.Find(WalFileName.IsHistory) is not { } file
            || !TimelineHistory.TryParseFileName(file, out var timeline))
        {
            return;
        }

        await using var session = await OpenAsync(cancellationToken);
        await new ReceivedHistories(StreamedBackup.Receiving(request), origin.Lineage.Id)
            .ArchiveAsync(session, timeline, cancellationToken);
        missing.Remove(file);
    }

    public async Task PushAsync(IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        var whole = new WholeSegments(
            request.Cluster,
            origin.Lineage.Id,
            origin.Server.SystemIdentifier,
            Wal.WalPushRequest.DefaultCompressionLevel);
        foreach (var file in files)
        {
            if (!WalSegmentName.TryParse(file, origin.Server.WalSegmentSize, out var segment))
            {
                throw new InvalidOperationException($"{file} is no segment");
            }

            var content = await ReadAsync(segment, segment.Size.Bytes, cancellationToken);
            await whole.StoreAsync(segment, content, cancellationToken);
        }
    }

    public async Task<bool> IsOwnAsync(
        WalSegmentName segment, Lsn stop, WalObject archived, CancellationToken cancellationToken)
    {
        try
        {
            var (content, _) = await WalStore.ReadAsync(request.Cluster, archived, cancellationToken);
            var length = checked((int)Math.Min((ulong)segment.Size.Bytes, stop - segment.Start));
            var sent = await ReadAsync(segment, length, cancellationToken);
            return content.AsSpan(0, length).SequenceEqual(sent);
        }
        catch (LifeboatException removed) when (removed.Code == ErrorCode.WalMissing)
        {
            // Archived and recycled since.
            return true;
        }
    }

    /// <summary>The first bytes of a segment.</summary>
    private async Task<byte[]> ReadAsync(WalSegmentName segment, int length, CancellationToken cancellationToken)
    {
        var content = new byte[length];
        await using var session = await OpenAsync(cancellationToken);
        await using var stream = session.Start(slot: null, segment.Timeline, segment.Start, flushed: segment.Start);
        for (var filled = 0; filled < length;)
        {
            if (!await stream.Chunks.WaitToReadAsync(cancellationToken))
            {
                throw new LifeboatException(new Failure(
                    ErrorCode.ServerUnavailable,
                    "receive WAL",
                    segment.ToString(),
                    "the server ended the stream within the segment",
                    Transient: true,
                    "See the server's log, and run the backup again: what was stored is reused."));
            }

            while (filled < length && stream.Chunks.TryRead(out var chunk))
            {
                using (chunk)
                {
                    if (chunk.Start != segment.Start + (ulong)filled)
                    {
                        throw new LifeboatException(new Failure(
                            ErrorCode.ServerUnavailable,
                            "receive WAL",
                            segment.ToString(),
                            $"the server sent what begins at {chunk.Start} in the place of {segment.Start + (ulong)filled}",
                            Transient: true,
                            "Run the backup again: what was stored is reused."));
                    }

                    var taken = Math.Min(chunk.Bytes.Length, length - filled);
                    chunk.Bytes.Span[..taken].CopyTo(content.AsSpan(filled));
                    filled += taken;
                }
            }
        }

        return content;
    }

    /// <summary>The server may need a moment to free the one sender that sent the files.</summary>
    private async Task<ReplicationSession> OpenAsync(CancellationToken cancellationToken)
    {
        var began = request.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ReplicationSession.OpenAsync(
                    request.Connection, StreamedBackup.ApplicationName(request), cancellationToken);
            }
            catch (LifeboatException taken)
                when (taken.Failure.Transient && request.Time.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(BetweenTries, request.Time, cancellationToken);
            }
        }
    }
}
