using System.Buffers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>
/// An object whose header was read and checked, so that its frames can be opened. Owns the object's key; borrowed: store
/// and compressor. Used by one caller at a time.
/// </summary>
internal sealed class SealedObject : IDisposable
{
    private readonly IObjectStore _store;
    private readonly FrameSealer _sealer;
    private readonly Compressor _compressor;
    private readonly SealingKey _key;
    private readonly byte[] _header;

    private SealedObject(
        IObjectStore store,
        ObjectName name,
        ContainerHeader header,
        SealingKey key,
        ReadOnlySpan<byte> headerBytes,
        Compressor compressor)
    {
        _store = store;
        Name = name;
        Header = header;
        _key = key;
        _header = headerBytes.ToArray();
        _sealer = NewSealer();
        _compressor = compressor;
    }

    internal ObjectName Name { get; }

    internal IObjectStore Store => _store;

    internal ContainerHeader Header { get; }

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<SealedObject> OpenAsync(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        Compressor compressor,
        CancellationToken cancellationToken)
    {
        var header = new byte[ContainerLimits.HeaderSize];
        try
        {
            var read = await store.ReadAsync(name, 0, header, cancellationToken);
            return Open(store, name, kind, key, header.AsSpan(0, read), compressor);
        }
        catch (Exception exception) when (DamagedObjectException.Of(name, exception) is var found && found != exception)
        {
            throw found;
        }
    }

    internal static SealedObject Open(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        ReadOnlySpan<byte> headerBytes,
        Compressor compressor)
    {
        var header = ContainerHeader.Read(headerBytes);
        if (header.KeyId != key.Id)
        {
            throw new DamagedObjectException(
                name, DamageKind.Foreign, "another repository or cluster wrote it");
        }

        if (header.NameTag != ContainerHeader.TagOf(name) || header.Kind != kind)
        {
            throw new DamagedObjectException(
                name, DamageKind.Swapped, $"it was written under another name (as a {header.Kind})");
        }

        if (header.Encrypted != key.Encrypts)
        {
            throw new DecodingException("it is sealed in another way than its repository");
        }

        return new SealedObject(store, name, header, key, headerBytes, compressor);
    }

    /// <summary>For another thread; the caller's to dispose of.</summary>
    internal FrameSealer NewSealer() => new(_key.ForObject(_header), _key.Encrypts);

    /// <summary>Reads and opens one frame into <paramref name="plain"/>; returns the length of its plaintext.</summary>
    /// <param name="number">The frame's place in the object.</param>
    /// <param name="length">Bytes of the whole frame.</param>
    internal async ValueTask<int> ReadFrameAsync(
        uint number, long offset, int length, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var frame = buffer.AsMemory(0, length);
            if (await _store.ReadAsync(Name, offset, frame, cancellationToken) != length)
            {
                throw new DecodingException("it ends within a frame");
            }

            return OpenFrame(number, FrameType.Body, frame.Span, plain.Span);
        }
        catch (Exception exception) when (DamagedObjectException.Of(Name, exception) is var found && found != exception)
        {
            throw found;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    internal int OpenFrame(uint number, FrameType type, Span<byte> frame, Span<byte> plain)
    {
        var plainLength = FrameSealer.PlainLength(frame, type);
        if (plainLength > plain.Length)
        {
            throw new DecodingException($"a frame holds {plainLength} bytes where at most {plain.Length} belong");
        }

        _sealer.Open(number, type, frame, plain[..plainLength], _compressor);
        return plainLength;
    }

    public void Dispose() => _sealer.Dispose();
}
