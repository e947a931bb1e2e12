using System.Buffers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>
/// An object with its directory: header, footer and directory frame read and checked. Small objects are read in one
/// request, others in three. Used by one caller at a time.
/// </summary>
internal sealed class ContainerReader : IDisposable
{
    /// <summary>Objects up to this size are fetched whole; the tail of larger ones in one request of this size.</summary>
    private const int TailSize = 64 << 10;

    private readonly SealedObject _object;
    private readonly long[] _offsets;
    private readonly int[] _lengths;
    private readonly byte[]? _whole;

    private ContainerReader(SealedObject opened, long size, long[] offsets, int[] lengths, byte[] annex, byte[]? whole)
    {
        _object = opened;
        Size = size;
        _offsets = offsets;
        _lengths = lengths;
        Annex = annex;
        _whole = whole;
    }

    internal ObjectName Name => _object.Name;

    /// <summary>Bytes of the object.</summary>
    internal long Size { get; }

    internal int Frames => _lengths.Length;

    internal byte[] Annex { get; }

    internal long CreatedUs => _object.Header.CreatedUs;

    internal DateTimeOffset Created => DateTimeOffset.UnixEpoch.AddMicroseconds(_object.Header.CreatedUs);

    internal (long Offset, int Length) FrameAt(int number) => (_offsets[number], _lengths[number]);

    /// <param name="size">The object's size when it is known already (from a listing).</param>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<ContainerReader> OpenAsync(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        Compressor compressor,
        long? size,
        CancellationToken cancellationToken)
    {
        try
        {
            size ??= (await store.StatAsync(name, cancellationToken))?.Size
                ?? throw new ObjectNotFoundException(name, store.Location);
            if (size < ContainerLimits.LeastObject)
            {
                throw new DecodingException($"it is cut off: {size} bytes are left");
            }

            var tailLength = (int)Math.Min(size.Value, TailSize);
            var tail = await ReadAsync(store, name, size.Value - tailLength, tailLength, cancellationToken);
            var whole = tailLength == size ? tail : null;
            var header = whole ?? await ReadAsync(store, name, 0, ContainerLimits.HeaderSize, cancellationToken);
            var opened = SealedObject.Open(
                store, name, kind, key, header.AsSpan(0, ContainerLimits.HeaderSize), compressor);
            try
            {
                return await ReadDirectoryAsync(store, opened, size.Value, tail, whole, cancellationToken);
            }
            catch
            {
                opened.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (DamagedObjectException.Of(name, exception) is var found && found != exception)
        {
            throw found;
        }
    }

    /// <summary>Reads and opens one body frame; returns the length of its plaintext.</summary>
    internal ValueTask<int> ReadFrameAsync(int number, Memory<byte> plain, CancellationToken cancellationToken)
    {
        if (_whole is null)
        {
            return _object.ReadFrameAsync(
                (uint)number, _offsets[number], _lengths[number], plain, cancellationToken);
        }

        try
        {
            // Opening uses the frame's bytes as scratch space, and a frame may be read twice.
            var frame = _whole.AsSpan((int)_offsets[number], _lengths[number]).ToArray();
            return ValueTask.FromResult(_object.OpenFrame((uint)number, FrameType.Body, frame, plain.Span));
        }
        catch (Exception exception) when (DamagedObjectException.Of(Name, exception) is var found && found != exception)
        {
            throw found;
        }
    }

    /// <summary>The bytes of one whole body frame, still sealed. May be called at the same time by several.</summary>
    /// <param name="frame">As long as <see cref="FrameAt"/> says.</param>
    internal async ValueTask ReadSealedAsync(int number, Memory<byte> frame, CancellationToken cancellationToken)
    {
        if (_whole is not null)
        {
            _whole.AsMemory((int)_offsets[number], _lengths[number]).CopyTo(frame);
        }
        else if (await _object.Store.ReadAsync(Name, _offsets[number], frame, cancellationToken) != frame.Length)
        {
            throw new DamagedObjectException(Name, DamageKind.Damaged, "it ends within a frame");
        }
    }

    /// <summary>For opening frames on another thread; the caller's to dispose of.</summary>
    internal FrameSealer NewSealer() => _object.NewSealer();

    /// <summary>One body frame in an array of its own.</summary>
    internal async ValueTask<byte[]> ReadFrameAsync(int number, CancellationToken cancellationToken)
    {
        // Most frames that are read this way are small documents; each would be a large object for the collector.
        var buffer = ArrayPool<byte>.Shared.Rent(ContainerLimits.BodyPlaintext);
        try
        {
            var length = await ReadFrameAsync(
                number, buffer.AsMemory(0, ContainerLimits.BodyPlaintext), cancellationToken);
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _object.Dispose();

    private static async ValueTask<ContainerReader> ReadDirectoryAsync(
        IObjectStore store,
        SealedObject opened,
        long size,
        byte[] tail,
        byte[]? whole,
        CancellationToken cancellationToken)
    {
        var footer = ContainerFooter.Read(tail.AsSpan(tail.Length - ContainerLimits.FooterSize), size);
        var tailStart = size - tail.Length;
        byte[] frame;
        if (footer.DirectoryOffset >= tailStart)
        {
            frame = tail.AsSpan((int)(footer.DirectoryOffset - tailStart), footer.DirectoryLength).ToArray();
        }
        else if (footer.DirectoryLength <= FrameSealer.Bound(ContainerLimits.DirectoryPlaintext))
        {
            frame = await ReadAsync(
                store, opened.Name, footer.DirectoryOffset, footer.DirectoryLength, cancellationToken);
        }
        else
        {
            throw new DecodingException("its directory is larger than a directory may be");
        }

        var directory = new byte[FrameSealer.PlainLength(frame, FrameType.Directory)];
        opened.OpenFrame((uint)(footer.Frames - 1), FrameType.Directory, frame, directory);
        return Parse(opened, footer, size, directory, whole);
    }

    private static ContainerReader Parse(
        SealedObject opened, ContainerFooter footer, long size, byte[] directory, byte[]? whole)
    {
        var source = new ByteSource(directory);
        var count = source.Count(1, "frames");
        if (count != footer.Frames - 1)
        {
            throw new DecodingException("its directory and its footer count different numbers of frames");
        }

        var offsets = new long[count];
        var lengths = new int[count];
        long at = ContainerLimits.HeaderSize;
        for (var frame = 0; frame < count; frame++)
        {
            offsets[frame] = at;
            lengths[frame] = source.VarintUpTo(FrameSealer.Bound(ContainerLimits.BodyPlaintext), "a frame's length");
            if (lengths[frame] < ContainerLimits.FrameOverhead)
            {
                throw new DecodingException("a frame is shorter than a frame can be");
            }

            at += lengths[frame];
        }

        return at == footer.DirectoryOffset
            ? new ContainerReader(opened, size, offsets, lengths, source.Bytes(source.Remaining).ToArray(), whole)
            : throw new DecodingException("its frames do not end where its directory begins");
    }

    private static async ValueTask<byte[]> ReadAsync(
        IObjectStore store, ObjectName name, long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length];
        return await store.ReadAsync(name, offset, buffer, cancellationToken) == length
            ? buffer
            : throw new DecodingException("it is shorter than the store says");
    }
}
