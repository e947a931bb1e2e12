using System.Threading.Channels;
using Lifeboat.Postgres.Format;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// WAL as it comes. A task of its own reads, and answers the server at once when that asks for a reply, while the
/// consumer
/// makes durable what came before; when the consumer is too slow, the server waits.
/// </summary>
/// <remarks>
/// <para>At the end of a timeline the server ends the stream in order and names the next one. Npgsql knows no such end:
/// it
/// throws, and its connection is broken. That is no loss: whoever connects again asks which timeline the server is on
/// now,
/// and its history tells where the old one ended.</para>
/// <para>Npgsql reports as written what the server says that it has, and not what has come; only the flushed and
/// applied
/// positions are this receiver's own. So <c>synchronous_commit = remote_write</c> would wait for nothing here.</para>
/// </remarks>
public sealed class ReplicationStream : IAsyncDisposable
{
    /// <summary>Of at most 128 KiB each: 8 MiB.</summary>
    private const int MostWaiting = 64;

    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ServerTimeout = TimeSpan.FromSeconds(40);

    private readonly Channel<WalChunk> _chunks = Channel.CreateBounded<WalChunk>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, SingleWriter = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly PhysicalReplicationConnection _connection;
    private readonly string _subject;
    private readonly Task _reading;

    internal ReplicationStream(
        PhysicalReplicationConnection connection, SlotName? slot, Timeline timeline, Lsn from, string subject)
    {
        _connection = connection;
        _subject = subject;
        connection.WalReceiverStatusInterval = StatusInterval;
        connection.WalReceiverTimeout = ServerTimeout;
        _reading = Task.Run(() => ReadAllAsync(slot, timeline, from));
    }

    /// <summary>
    /// What has come, in order. It completes when the stream has ended: with a
    /// <see cref="Platform.Errors.LifeboatException"/>, or without one when it was stopped.
    /// </summary>
    public ChannelReader<WalChunk> Chunks => _chunks.Reader;

    /// <summary>Tells the server that everything before this position is durable.</summary>
    public async Task AcknowledgeAsync(Lsn flushed, CancellationToken cancel)
    {
        _connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(flushed.Value));
        if (_reading.IsCompleted)
        {
            return;
        }

        try
        {
            await _connection.SendStatusUpdate(cancel);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The stream ended meanwhile; why shows where it is read. The position is told again at the next
            // connection.
        }
    }

    /// <summary>Ends the stream; what has come already can still be read.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        while (!_reading.IsCompleted)
        {
            // The reading task may wait for room.
            while (_chunks.Reader.TryRead(out var waiting))
            {
                waiting.Dispose();
            }

            await Task.WhenAny(_reading, _chunks.Reader.WaitToReadAsync(CancellationToken.None).AsTask());
        }

        while (_chunks.Reader.TryRead(out var left))
        {
            left.Dispose();
        }

        _stop.Dispose();
    }

    private async Task ReadAllAsync(SlotName? slot, Timeline timeline, Lsn from)
    {
        Exception? end = null;
        try
        {
            var position = new NpgsqlLogSequenceNumber(from.Value);
            var messages = slot is { } name
                ? _connection.StartReplication(
                    new PhysicalReplicationSlot(name.ToString()), position, _stop.Token, timeline.Value)
                : _connection.StartReplication(position, _stop.Token, timeline.Value);
            await foreach (var message in messages)
            {
                var length = checked((int)message.Data.Length);
                var chunk = new WalChunk(new Lsn((ulong)message.WalStart), length);
                await message.Data.ReadExactlyAsync(chunk.Buffer, _stop.Token);
                await _chunks.Writer.WriteAsync(chunk, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked for.
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            end = _stop.IsCancellationRequested ? null : ReplicationErrors.Of(error, "stream WAL", _subject);
        }
        catch (Exception error)
        {
            end = error;
        }

        _chunks.Writer.TryComplete(end);
    }
}
