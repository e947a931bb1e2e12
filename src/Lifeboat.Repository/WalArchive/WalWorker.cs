using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// What one thread needs to pack or open the frames of a WAL file. Owns its contexts and buffers; used by one thread.
/// </summary>
internal sealed class WalWorker : IDisposable
{
    private readonly WalRoom _room;
    private FrameSealer? _sealer;

    private WalWorker(TagKey key, int level)
    {
        _room = WalRoom.Take(level);
        Hasher = key.NewHasher();
    }

    internal Compressor Compressor => _room.Compressor;

    internal ContentHasher Hasher { get; }

    /// <inheritdoc cref="WalRoom.Packed"/>
    internal byte[] Packed => _room.Packed;

    /// <inheritdoc cref="WalRoom.Plain"/>
    internal byte[] Plain => _room.Plain;

    /// <summary>
    /// Does every item once: on this thread, after <paramref name="meanwhile"/>, and on as many others as make up
    /// <paramref name="workers"/>. The first failure ends the work and is thrown here.
    /// </summary>
    /// <param name="meanwhile">What this thread does while the others begin; may be null.</param>
    internal static void Run(
        TagKey key,
        int level,
        int items,
        int workers,
        Action<WalWorker, int> item,
        Action? meanwhile,
        CancellationToken cancellationToken)
    {
        var next = -1;
        Exception? failure = null;
        var threads = new Thread[Math.Max(0, Math.Min(workers - 1, meanwhile is null ? items - 1 : items))];
        for (var at = 0; at < threads.Length; at++)
        {
            threads[at] = new Thread(Work) { IsBackground = true };
            threads[at].Start();
        }

        try
        {
            meanwhile?.Invoke();
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref failure, exception, null);
        }

        Work();
        foreach (var thread in threads)
        {
            thread.Join();
        }

        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        void Work()
        {
            WalWorker? worker = null;
            try
            {
                for (int at; Volatile.Read(ref failure) is null && (at = Interlocked.Increment(ref next)) < items;)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    worker ??= new WalWorker(key, level);
                    item(worker, at);
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
            finally
            {
                worker?.Dispose();
            }
        }
    }

    /// <summary>The tags of the pieces of a frame.</summary>
    /// <param name="tags">Of the whole file.</param>
    internal void Tag(int frame, ReadOnlySpan<byte> plain, byte[] tags) => WalTag.OfPieces(
        Hasher, plain, tags.AsSpan(frame * (ContainerLimits.BodyPlaintext / WalTag.PieceSize) * Id128.Size));

    /// <summary>This thread's own; a worker opens frames of one object.</summary>
    internal FrameSealer SealerOf(ContainerReader reader) => _sealer ??= reader.NewSealer();

    public void Dispose()
    {
        _sealer?.Dispose();
        Hasher.Dispose();
        _room.Return();
    }
}
