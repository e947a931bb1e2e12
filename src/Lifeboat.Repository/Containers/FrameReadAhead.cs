using System.Buffers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Containers;

/// <summary>
/// Reads body frames of one object in a given order with several requests under way: a run of 25 GB is 50,000 frames, and a
/// store may take 50 ms for each. Begins with one and doubles, so that whoever stops early has asked for little. Used by one
/// caller at a time, beside other users of the reader.
/// </summary>
internal sealed class FrameReadAhead : IAsyncDisposable
{
    /// <summary>Requests under way at most.</summary>
    internal const int Usual = 32;

    /// <summary>Bytes that were asked for and not read yet, at most; one frame may always be.</summary>
    private const long MostBytes = 16 << 20;

    private readonly ContainerReader _reader;
    private readonly FrameSealer _sealer;
    private readonly Compressor _compressor = new(level: 1);
    private readonly Queue<(int Number, byte[] Buffer, Task Reading)> _waiting = [];
    private readonly IEnumerator<int> _frames;
    private readonly int _most;
    private int? _next;
    private int _window = 1;
    private long _bytes;

    /// <param name="frames">Those that are wanted, in the order in which they are.</param>
    internal FrameReadAhead(ContainerReader reader, IEnumerable<int> frames, int most = Usual)
    {
        _reader = reader;
        _sealer = reader.NewSealer();
        _frames = frames.GetEnumerator();
        _most = most;
        Step();
    }

    /// <summary>The next frame; returns the length of its plaintext.</summary>
    /// <exception cref="DamagedObjectException">This frame is damaged or missing; those behind it can still be read.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> plain, CancellationToken cancellationToken)
    {
        Ask(cancellationToken);
        var (number, buffer, reading) = _waiting.Dequeue();
        var length = _reader.FrameAt(number).Length;
        _bytes -= length;
        try
        {
            await reading;
            var frame = buffer.AsMemory(0, length);
            var plainLength = FrameSealer.PlainLength(frame.Span, FrameType.Body);
            if (plainLength > plain.Length)
            {
                throw new DecodingException($"a frame holds {plainLength} bytes where at most {plain.Length} belong");
            }

            _sealer.Open((uint)number, FrameType.Body, frame.Span, plain.Span[..plainLength], _compressor);
            return plainLength;
        }
        catch (Exception exception)
            when (DamagedObjectException.Of(_reader.Name, exception) is var found && found != exception)
        {
            throw found;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Waits for what is under way: its buffers are written to until then.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_waiting.TryDequeue(out var waiting))
        {
            await Task.WhenAny(waiting.Reading);
            _ = waiting.Reading.Exception;
            ArrayPool<byte>.Shared.Return(waiting.Buffer);
        }

        _frames.Dispose();
        _sealer.Dispose();
        _compressor.Dispose();
    }

    private void Ask(CancellationToken cancellationToken)
    {
        while (_next is { } number && (_waiting.Count == 0
            || (_waiting.Count < _window && _bytes + _reader.FrameAt(number).Length <= MostBytes)))
        {
            var length = _reader.FrameAt(number).Length;
            var buffer = ArrayPool<byte>.Shared.Rent(length);
            var reading = _reader.ReadSealedAsync(number, buffer.AsMemory(0, length), cancellationToken);
            _waiting.Enqueue((number, buffer, reading.AsTask()));
            _bytes += length;
            Step();
        }

        _window = Math.Min(_most, 2 * _window);
    }

    private void Step() => _next = _frames.MoveNext() ? _frames.Current : null;
}
