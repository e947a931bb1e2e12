using System.Threading.Channels;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>Makes one stream durable: pieces while a segment fills, the whole of it when it has.</summary>
/// <remarks>
/// Whatever waits when the interval is over and the last put is done becomes one piece, so that the latency of a quiet
/// server is that of one put, and a busy one pays for few. A segment that fills is put whole, and its last stretch never
/// becomes a piece; only where clients wait for each position does the stretch go first, and the whole segment behind their
/// back.
/// </remarks>
/// <param name="chunks">What the server sends; completes when the stream has ended.</param>
/// <param name="acknowledge">Tells the server that everything before a position is durable.</param>
/// <param name="begun">Called when the server sends for the first time.</param>
internal sealed class StreamReceiver(
    WalReceiveRequest request,
    PieceStore pieces,
    WholeSegments whole,
    ChannelReader<WalChunk> chunks,
    Func<Lsn, CancellationToken, Task> acknowledge,
    Action begun)
{
    private SegmentBuffer _buffer = null!;
    private Lsn _next;
    private Overlap? _overlap;
    private WalChunk? _open;
    private int _taken;
    private long _lastCut;
    private Task _behind = Task.CompletedTask;

    /// <summary>The first position that is not durable.</summary>
    internal Lsn Durable => _buffer.DurableEnd;

    /// <summary>Runs until the stream has ended and all that came is durable; then throws what ended it, if anything did.</summary>
    /// <param name="resume">Where what is stored ends.</param>
    /// <param name="overlap">What the server sends again first; null when the stream begins where what is stored ends.</param>
    internal async Task RunAsync(ResumePoint resume, Overlap? overlap, CancellationToken cancellationToken)
    {
        _buffer = new SegmentBuffer(resume.Segment, resume.Known.Span);
        pieces.Begin(resume.Chain);
        _overlap = overlap;
        _next = overlap?.From ?? resume.Durable;
        _lastCut = request.Time.GetTimestamp() - request.Time.TimestampFrequency * 3600;
        try
        {
            await LoopAsync(cancellationToken);
        }
        finally
        {
            _open?.Dispose();
            await _behind;
        }
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        Task<bool>? more = null;
        while (true)
        {
            await TakeAsync();
            if (_behind.IsFaulted)
            {
                await _behind;
            }

            if (_buffer.IsFull)
            {
                await CompleteAsync(cancellationToken);
                continue;
            }

            var ended = chunks.Completion.IsCompleted && _open is null;
            var left = TimeLeft();
            if (_buffer.HasWaiting && (ended || left <= TimeSpan.Zero))
            {
                await CutAsync(cancellationToken);
                continue;
            }

            if (ended)
            {
                await chunks.Completion;
                return;
            }

            more ??= chunks.WaitToReadAsync(CancellationToken.None).AsTask();
            if (_buffer.HasWaiting)
            {
                using var enough = new CancellationTokenSource();
                await Task.WhenAny(more, Task.Delay(left, request.Time, enough.Token));
                await enough.CancelAsync();
            }
            else
            {
                await Task.WhenAny(more);
            }

            more = more.IsCompleted ? null : more;
        }
    }

    /// <summary>Moves what has come into the segment, as far as it has room.</summary>
    private async ValueTask TakeAsync()
    {
        while (!_buffer.IsFull)
        {
            if (_open is null)
            {
                if (!chunks.TryRead(out _open))
                {
                    return;
                }

                begun();
                _taken = 0;
                RequireNext(_open);
            }

            var bytes = _open.Bytes[_taken..];
            var start = _open.Start + (ulong)_taken;
            if (_overlap is { } overlap)
            {
                var known = overlap.Compare(start, bytes.Span);
                _taken += known;
                bytes = bytes[known..];
                if (start + (ulong)known >= overlap.End)
                {
                    // Only now is it sure that what is stored is this server's.
                    _overlap = null;
                    await acknowledge(_buffer.DurableEnd, CancellationToken.None);
                }
            }

            _taken += _buffer.Append(bytes.Span);
            if (_taken == _open.Bytes.Length)
            {
                _open.Dispose();
                _open = null;
            }
        }
    }

    private void RequireNext(WalChunk chunk)
    {
        if (chunk.Start != _next)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.ServerUnavailable,
                "receive WAL",
                $"the WAL at {_next}",
                $"the server sent what begins at {chunk.Start} instead",
                Transient: true,
                "The stream is begun again."));
        }

        _next = chunk.End;
    }

    private TimeSpan TimeLeft() => request.Synchronous
        ? TimeSpan.Zero
        : request.FlushInterval - request.Time.GetElapsedTime(_lastCut);

    private async Task CutAsync(CancellationToken cancellationToken)
    {
        _lastCut = request.Time.GetTimestamp();
        if (_buffer.Durable == 0 && _buffer.Filled >= WalPageHeaderBytes)
        {
            whole.RequireOwn(_buffer.Segment, _buffer.Content.Span);
        }

        await InsistAsync(
            async token =>
            {
                await pieces.PutAsync(_buffer, token);
                return true;
            },
            cancellationToken);
        await acknowledge(_buffer.DurableEnd, CancellationToken.None);
        await pieces.LookWhenDueAsync(_buffer, cancellationToken);
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        var full = _buffer;
        await pieces.LookAsync(full, cancellationToken);
        if (request.Synchronous && full is { HasWaiting: true, Durable: > 0 })
        {
            await CutAsync(cancellationToken);
        }

        // Two segments at most are in memory.
        await _behind;
        _behind = StoreAsync(full, cancellationToken);
        if (full.HasWaiting)
        {
            await _behind;
            full.MarkDurable(full.Filled);
            await acknowledge(full.DurableEnd, CancellationToken.None);
        }

        _buffer = new SegmentBuffer(full.Segment.Next);
        pieces.Begin(WalPieceChain.Of([]));
    }

    private async Task StoreAsync(SegmentBuffer full, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await InsistAsync(
            async token => await whole.StoreAsync(full.Segment, full.Content, token), cancellationToken);
        request.Report(new WalReceiveEvent.SegmentStored(full.Segment));
    }

    /// <summary>
    /// A store that is away for a while makes the server wait, and its slot keeps the WAL: trying on loses nothing, and ending
    /// would not help.
    /// </summary>
    private async Task InsistAsync<T>(Func<CancellationToken, Task<T>> put, CancellationToken cancellationToken)
    {
        for (var pause = Backoff.First; ; pause = Backoff.After(pause))
        {
            try
            {
                // What has come is made durable also when the receiver is told to end.
                await put(CancellationToken.None);
                return;
            }
            catch (LifeboatException failed)
                when (failed.Failure.Transient && !cancellationToken.IsCancellationRequested)
            {
                request.Report(new WalReceiveEvent.Interrupted(failed.Failure, pause));
                await Task.Delay(pause, request.Time, cancellationToken);
            }
        }
    }

    private static int WalPageHeaderBytes => Postgres.Format.Wal.WalPageHeader.LongLength;
}
