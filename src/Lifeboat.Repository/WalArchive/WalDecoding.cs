using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.WalArchive;

/// <summary>Takes a part of a file's plaintext; may be called on several threads at once, each part once.</summary>
/// <param name="offset">Of the part in the file.</param>
public delegate void WalPartSink(long offset, ReadOnlySpan<byte> part);

/// <summary>Reads the content of WAL objects, frames on all processors, and compares it with its tag.</summary>
public static class WalDecoding
{
    private const int FrameSize = ContainerLimits.BodyPlaintext;

    /// <summary>
    /// Hands the content to the sink part by part. It is this file's content only when the call returns: what does not agree
    /// with its tag is known at the end.
    /// </summary>
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    public static async ValueTask<WalFacts> ReadAsync(
        Cluster cluster, WalObject item, WalPartSink sink, int workers, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await WalStore.OpenAsync(cluster, item, compressor, cancellationToken);
        var facts = await ReadFactsAsync(reader, item, cancellationToken);
        await ReadContentAsync(cluster, item, reader, facts, sink, workers, cancellationToken);
        return facts;
    }

    internal static async ValueTask<(byte[] Content, WalFacts Facts)> ReadAsync(
        Cluster cluster, WalObject item, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await WalStore.OpenAsync(cluster, item, compressor, cancellationToken);
        var facts = await ReadFactsAsync(reader, item, cancellationToken);
        var content = LargeBuffer.Allocate((int)facts.Length);
        await ReadContentAsync(
            cluster,
            item,
            reader,
            facts,
            (offset, part) => part.CopyTo(content.AsSpan((int)offset)),
            WalEncoding.DefaultWorkers,
            cancellationToken);
        return (content, facts);
    }

    private static async ValueTask<WalFacts> ReadFactsAsync(
        ContainerReader reader, WalObject item, CancellationToken cancellationToken)
    {
        var facts = await WalStore.ReadFactsAsync(reader, item, cancellationToken);
        var frames = WalFrames.Of(reader).Content;
        return facts.Length is >= 0 and <= WalStore.LongestFile && (facts.Length + FrameSize - 1) / FrameSize == frames
            ? facts
            : throw new DamagedObjectException(
                item.Name, DamageKind.Inconsistent, "its length contradicts its frames");
    }

    private static async ValueTask ReadContentAsync(
        Cluster cluster,
        WalObject item,
        ContainerReader reader,
        WalFacts facts,
        WalPartSink sink,
        int workers,
        CancellationToken cancellationToken)
    {
        var frames = WalFrames.Of(reader).Content;
        var tags = new byte[WalTag.Size((int)facts.Length)];
        try
        {
            WalWorker.Run(
                cluster.TagKey,
                level: 1,
                frames,
                workers,
                (worker, frame) => Open(
                    worker, reader, frame, PlainLength(facts.Length, frame), tags, sink, cancellationToken),
                meanwhile: null,
                cancellationToken);
        }
        catch (Exception exception) when (DamagedObjectException.Of(item.Name, exception) is var found && found != exception)
        {
            throw found;
        }

        using var hasher = cluster.TagKey.NewHasher();
        if (WalTag.Of(hasher, facts.Length, tags) != item.Tag)
        {
            throw new DamagedObjectException(
                item.Name, DamageKind.Inconsistent, "its content is not what its name says");
        }
    }

    private static int PlainLength(long length, int frame) =>
        (int)Math.Min(FrameSize, length - ((long)frame * FrameSize));

    private static void Open(
        WalWorker worker,
        ContainerReader reader,
        int frame,
        int length,
        byte[] tags,
        WalPartSink sink,
        CancellationToken cancellationToken)
    {
        var sealedFrame = worker.Packed.AsMemory(0, reader.FrameAt(frame).Length);
        var reading = reader.ReadSealedAsync(frame, sealedFrame, cancellationToken);
        if (reading.IsCompleted)
        {
            reading.GetAwaiter().GetResult();
        }
        else
        {
            // This thread is a worker's own: it has nothing else to do until the bytes are here.
            reading.AsTask().GetAwaiter().GetResult();
        }

        if (FrameSealer.PlainLength(sealedFrame.Span, FrameType.Body) != length)
        {
            throw new DecodingException("a frame does not hold as much as the file's length demands");
        }

        var plain = worker.Plain.AsSpan(0, length);
        worker.SealerOf(reader).Open((uint)frame, FrameType.Body, sealedFrame.Span, plain, worker.Compressor);
        worker.Tag(frame, plain, tags);
        sink((long)frame * FrameSize, plain);
    }
}
