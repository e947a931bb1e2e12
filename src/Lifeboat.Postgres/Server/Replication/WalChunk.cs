using System.Buffers;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// WAL as one message of the server brought it: at most 128 KiB, of one segment or of two. Owns a pooled buffer, which
/// disposing gives back; <see cref="Bytes"/> is not to be used afterwards.
/// </summary>
/// <param name="start">The position of its first byte.</param>
public sealed class WalChunk(Lsn start, int length) : IDisposable
{
    private byte[]? _rented = ArrayPool<byte>.Shared.Rent(length);

    public Lsn Start { get; } = start;

    public ReadOnlyMemory<byte> Bytes => Buffer;

    /// <summary>To be filled before anybody else sees it.</summary>
    internal Memory<byte> Buffer => _rented.AsMemory(0, length);

    /// <summary>The first position behind it.</summary>
    public Lsn End => Start + (ulong)length;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
