using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// <c>lifeboat wal receive</c>: streams a server's WAL by a replication slot into the archive, across restarts, failovers and
/// promotions, until it is told to end.
/// </summary>
public sealed class WalReceiver
{
    private static readonly TimeSpan SilentStart = TimeSpan.FromSeconds(2);

    private readonly WalReceiveRequest _request;
    private readonly ReceiverLineage _lineage;
    private bool _withoutOverlap;
    private bool _behindTheGap;
    private bool _progressed;
    private (Timeline Timeline, Lsn Durable)? _position;

    private WalReceiver(WalReceiveRequest request)
    {
        _request = request;
        _lineage = new ReceiverLineage(request);
    }

    /// <summary>
    /// Ends when it is cancelled, with everything durable that had come; failures that can pass are waited out and reported.
    /// </summary>
    /// <exception cref="LifeboatException">
    /// Conflict: the server's WAL contradicts what is archived. Mismatch, Denied, WalMissing, NotFound (the slot), and
    /// whatever else does not pass by itself.
    /// </exception>
    public static async Task RunAsync(WalReceiveRequest request, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = new SlotWatch(request).RunAsync(end.Token);
        try
        {
            await new WalReceiver(request).RunAsync(cancellationToken);
        }
        finally
        {
            await end.CancelAsync();
            await watching;
        }
    }

    /// <summary>Removes the slot, so that the server keeps no WAL for it any more.</summary>
    /// <exception cref="LifeboatException">NotFound; ServerUnavailable while a receiver uses it.</exception>
    public static async Task DropSlotAsync(WalReceiveRequest request, CancellationToken cancellationToken)
    {
        await using var session = await ReplicationSession.OpenAsync(
            request.ConnInfo, request.ApplicationName, cancellationToken);
        await session.DropSlotAsync(request.Slot, cancellationToken);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = Backoff.First;
        while (!cancellationToken.IsCancellationRequested)
        {
            _progressed = false;
            try
            {
                await ConnectAsync(cancellationToken);
                await DelayAsync(_progressed ? TimeSpan.Zero : Backoff.First, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (LifeboatException failed) when (failed.Failure.Transient)
            {
                pause = _progressed ? Backoff.First : pause;
                _request.Report(new WalReceiveEvent.Interrupted(failed.Failure, pause));
                await DelayAsync(pause, cancellationToken);
                pause = Backoff.After(pause);
            }
        }

        if (_position is { } position)
        {
            _request.Report(new WalReceiveEvent.Stopped(position.Timeline, position.Durable));
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await using var session = await ReplicationSession.OpenAsync(
            _request.ConnInfo, _request.ApplicationName, cancellationToken);
        var system = await session.IdentifyAsync(cancellationToken);
        var size = await session.ReadSegmentSizeAsync(cancellationToken);
        var server = await _lineage.ResolveAsync(cancellationToken);
        await server.BindAsync(
            _request.Cluster, system.SystemIdentifier, size.Bytes, session.Major, cancellationToken);
        var history = await new ReceivedHistories(_request, server.Lineage)
            .ArchiveAsync(session, system.Timeline, cancellationToken);
        if (_request.CreateSlot && await session.CreateSlotAsync(_request.Slot, cancellationToken))
        {
            _request.Report(new WalReceiveEvent.SlotCreated(_request.Slot.ToString()));
        }

        var whole = new WholeSegments(
            _request.Cluster, server.Lineage, system.SystemIdentifier, _request.CompressionLevel);
        var resume = await ResumeAsync(server.Lineage, history, system, size, whole, cancellationToken);
        await _lineage.RequireClaimAsync(server, resume.Timeline, cancellationToken);
        await StreamAsync(session, server, resume, system, whole, cancellationToken);
    }

    /// <summary>Behind what is stored, on the newest timeline of the server's history of which anything is.</summary>
    private async Task<ResumePoint> ResumeAsync(
        Id128 lineage,
        TimelineHistory history,
        SystemIdentity system,
        WalSegmentSize size,
        WholeSegments whole,
        CancellationToken cancellationToken)
    {
        var begin = ResumePoint.At(WalSegmentName.Of(system.Timeline, system.Flushed, size));
        if (_behindTheGap)
        {
            return begin;
        }

        var child = system.Timeline;
        Timeline[] ancestors = [.. history.Entries.Select(entry => entry.Timeline).Reverse()];
        foreach (var timeline in ancestors.Prepend(system.Timeline))
        {
            var found = await ResumePoint.FindAsync(
                _request.Cluster, lineage, timeline, size, whole, _request.Report, cancellationToken);
            if (found is not null)
            {
                // A timeline begins with a copy of the segment in which the one before it was left.
                return history.SwitchedFrom(timeline) is { } left && found.Durable >= left
                    ? ResumePoint.At(WalSegmentName.Of(child, left, size))
                    : RequireReached(found, timeline, system);
            }

            child = timeline;
        }

        return begin;
    }

    private ResumePoint RequireReached(ResumePoint found, Timeline timeline, SystemIdentity system) =>
        timeline != system.Timeline || found.Durable <= system.Flushed
            ? found
            : throw new LifeboatException(new Failure(
                ErrorCode.ServerUnavailable,
                "receive WAL",
                $"timeline {timeline}",
                $"the server has WAL up to {system.Flushed} only, and {found.Durable} is archived",
                Transient: true,
                "A standby that lags catches up. If it is a primary, it has lost WAL, or it is another server than the one "
                + "whose WAL is archived: look at --connection."));

    private async Task StreamAsync(
        ReplicationSession session,
        ServerLineage server,
        ResumePoint resume,
        SystemIdentity system,
        WholeSegments whole,
        CancellationToken cancellationToken)
    {
        var overlap = _withoutOverlap ? null : await resume.OverlapAsync(
            _request.Cluster, _request.Report, cancellationToken);
        var from = overlap?.From ?? resume.Durable;
        await using var stream = session.Start(_request.Slot, resume.Timeline, from, flushed: from);
        var pieces = new PieceStore(
            _request.Cluster, server.Lineage, _request.CompressionLevel, _request.Time);
        var told = 0;
        var receiver = new StreamReceiver(
            _request, pieces, whole, stream.Chunks, stream.AcknowledgeAsync, () => Tell(session, resume, ref told));
        // A server that has nothing to send says nothing that Npgsql would pass on.
        await using var silent = _request.Time.CreateTimer(
            _ => Tell(session, resume, ref told), state: null, SilentStart, Timeout.InfiniteTimeSpan);
        _position = (resume.Timeline, resume.Durable);
        await using var stop = cancellationToken.Register(() => _ = stream.StopAsync());
        try
        {
            await receiver.RunAsync(resume, overlap, cancellationToken);
        }
        catch (LifeboatException missing) when (missing.Code == ErrorCode.WalMissing && Recover(overlap, missing))
        {
            // Begun again at once, from elsewhere.
        }
        finally
        {
            _progressed = receiver.Durable > resume.Durable;
            _position = (resume.Timeline, receiver.Durable);
            _withoutOverlap &= !_progressed;
            _behindTheGap &= !_progressed;
        }
    }

    private void Tell(ReplicationSession session, ResumePoint resume, ref int told)
    {
        if (Interlocked.Exchange(ref told, 1) == 0)
        {
            _request.Report(new WalReceiveEvent.Streaming(
                session.Address.ToString(), resume.Timeline, resume.Durable));
        }
    }

    /// <summary>The server has removed what was asked for: where can be begun instead?</summary>
    private bool Recover(Overlap? overlap, LifeboatException missing)
    {
        if (overlap is not null)
        {
            // It keeps what is not acknowledged; what is archived may be gone, and then cannot be compared.
            return _withoutOverlap = true;
        }

        if (_request.SkipMissing && !_behindTheGap)
        {
            _request.Report(new WalReceiveEvent.Warning(
                $"{missing.Failure}; going on behind the gap: recovery cannot go over it, so take a new backup"));
            return _behindTheGap = true;
        }

        return false;
    }

    private async Task DelayAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, _request.Time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Told to end.
        }
    }
}
