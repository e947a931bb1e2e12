using System.Buffers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>
/// Writes one object, frame by frame. Nothing can be seen under its name until <see cref="CompleteAsync"/>. Used by one
/// caller at a time; after a failure only disposal is left.
/// </summary>
internal sealed class ContainerWriter : IAsyncDisposable
{
    private readonly IObjectWriter _target;
    private readonly FrameSealer _sealer;
    private readonly Compressor _compressor;
    private readonly bool _readBack;
    private readonly List<int> _frameLengths = [];

    private ContainerWriter(IObjectWriter target, FrameSealer sealer, Compressor compressor, bool readBack)
    {
        _readBack = readBack;
        _target = target;
        _sealer = sealer;
        _compressor = compressor;
    }

    internal ObjectName Name => _target.Name;

    /// <summary>Body frames written so far; the number of the next one.</summary>
    internal int Frames => _frameLengths.Count;

    /// <summary>Bytes written so far.</summary>
    internal long Length => _target.Length;

    /// <param name="compressor">Borrowed; it stays the caller's.</param>
    /// <param name="readBack">Open every frame again and compare it with its plaintext before it is written.</param>
    internal static async ValueTask<ContainerWriter> CreateAsync(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        Compressor compressor,
        DateTimeOffset created,
        CancellationToken cancellationToken,
        bool readBack = false)
    {
        var header = new byte[ContainerLimits.HeaderSize];
        var us = (created - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        new ContainerHeader(kind, 0, key.Encrypts, key.Id, ContainerHeader.TagOf(name), us).Write(header);
        var target = await store.CreateAsync(name, cancellationToken);
        try
        {
            await target.WriteAsync(header, cancellationToken);
            return new ContainerWriter(target, new FrameSealer(key.ForObject(header), key.Encrypts), compressor, readBack);
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>Appends a body frame of at most <see cref="ContainerLimits.BodyPlaintext"/> bytes.</summary>
    /// <returns>The offset of the frame, and its length.</returns>
    internal async ValueTask<(long Offset, int Length)> WriteFrameAsync(
        ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        if (plain.Length > ContainerLimits.BodyPlaintext)
        {
            throw new ArgumentException("a body frame cannot hold so much", nameof(plain));
        }

        var offset = _target.Length;
        var length = await WriteAsync(FrameType.Body, plain, cancellationToken);
        _frameLengths.Add(length);
        return (offset, length);
    }

    /// <summary>
    /// Appends a body frame that was packed, and read back, before. What is sealed here is opened again and compared with
    /// what was packed.
    /// </summary>
    internal async ValueTask WriteFrameAsync(FramePayload packed, CancellationToken cancellationToken)
    {
        if (packed.PlainLength > ContainerLimits.BodyPlaintext)
        {
            throw new ArgumentException("a body frame cannot hold so much", nameof(packed));
        }

        var buffer = ArrayPool<byte>.Shared.Rent(2 * (packed.Bytes.Length + ContainerLimits.FrameOverhead));
        try
        {
            var length = _sealer.Seal((uint)_frameLengths.Count, FrameType.Body, packed, buffer);
            var copy = buffer.AsSpan(length, length);
            buffer.AsSpan(0, length).CopyTo(copy);
            if (!_sealer.Unseal((uint)_frameLengths.Count, FrameType.Body, copy, packed.PlainLength)
                .SequenceEqual(packed.Bytes.Span))
            {
                throw new DecodingException("what was sealed does not open to what it was made from");
            }

            await _target.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            _frameLengths.Add(length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes directory and footer and makes the object visible.</summary>
    internal async ValueTask<PutOutcome> CompleteAsync(
        ReadOnlyMemory<byte> annex, PutCondition condition, CancellationToken cancellationToken)
    {
        await WriteDirectoryAsync(annex, cancellationToken);
        return await CommitAsync(condition, cancellationToken);
    }

    /// <summary>As <see cref="CompleteAsync"/>, of an object whose random name nobody else can have used.</summary>
    /// <exception cref="DamagedObjectException">Something has the name: what was written is not stored.</exception>
    internal async ValueTask CompleteNewAsync(ReadOnlyMemory<byte> annex, CancellationToken cancellationToken)
    {
        if (await CompleteAsync(annex, PutCondition.IfAbsent, cancellationToken) != PutOutcome.Created)
        {
            throw new DamagedObjectException(Name, DamageKind.Inconsistent, "its random id is in use already");
        }
    }

    /// <summary>Makes the object visible after its directory was written; needs no compressor any more.</summary>
    internal ValueTask<PutOutcome> CommitAsync(PutCondition condition, CancellationToken cancellationToken) =>
        _target.CompleteAsync(condition, cancellationToken);

    /// <summary>Writes directory and footer: the object is whole then, but not yet visible.</summary>
    internal async ValueTask WriteDirectoryAsync(ReadOnlyMemory<byte> annex, CancellationToken cancellationToken)
    {
        var directory = new ByteSink();
        directory.Varint(_frameLengths.Count);
        foreach (var length in _frameLengths)
        {
            directory.Varint(length);
        }

        directory.Bytes(annex.Span);
        if (directory.Length > ContainerLimits.DirectoryPlaintext)
        {
            throw new InvalidOperationException("the directory of an object grew above its bound");
        }

        var offset = _target.Length;
        var stored = await WriteAsync(FrameType.Directory, directory.Memory, cancellationToken);
        var footer = new byte[ContainerLimits.FooterSize];
        var whole = _target.Length + ContainerLimits.FooterSize;
        new ContainerFooter(offset, stored, _frameLengths.Count + 1, whole).Write(footer);
        await _target.WriteAsync(footer, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _sealer.Dispose();
        await _target.DisposeAsync();
    }

    private async ValueTask<int> WriteAsync(
        FrameType type, ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FrameSealer.Bound(plain.Length));
        try
        {
            var length = _sealer.Seal((uint)_frameLengths.Count, type, plain.Span, buffer, _compressor);
            if (_readBack)
            {
                ReadBack(type, buffer.AsSpan(0, length), plain.Span);
            }

            await _target.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void ReadBack(FrameType type, ReadOnlySpan<byte> frame, ReadOnlySpan<byte> plain)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(frame.Length + plain.Length);
        try
        {
            var copy = scratch.AsSpan(0, frame.Length);
            var opened = scratch.AsSpan(frame.Length, plain.Length);
            frame.CopyTo(copy);
            _sealer.Open((uint)_frameLengths.Count, type, copy, opened, _compressor);
            if (!opened.SequenceEqual(plain))
            {
                throw new DecodingException("what was encoded does not decode to what it was made from");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }
}
