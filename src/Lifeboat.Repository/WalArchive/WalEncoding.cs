using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// A WAL file, hashed and compressed, ready to be sealed and stored under its tag. Every frame was unpacked again and
/// compared with what it was made from.
/// </summary>
public sealed class WalEncoding
{
    private const int FrameSize = ContainerLimits.BodyPlaintext;

    private WalEncoding(long length, Id128 tag, FramePayload[] frames)
    {
        Length = length;
        Tag = tag;
        Frames = frames;
    }

    /// <summary>Bytes of the plaintext.</summary>
    public long Length { get; }

    /// <summary>The content tag.</summary>
    public Id128 Tag { get; }

    internal FramePayload[] Frames { get; }

    /// <summary>As many as the processors, up to what one segment keeps busy.</summary>
    public static int DefaultWorkers => Math.Min(Environment.ProcessorCount, 8);

    /// <param name="content">Not changed by anybody until this returns.</param>
    /// <param name="level">Of zstd.</param>
    /// <param name="workers">Threads, this one included.</param>
    /// <param name="meanwhile">What this thread does before it takes a share; its failure is thrown here.</param>
    public static WalEncoding Of(
        Cluster cluster,
        ReadOnlyMemory<byte> content,
        int level,
        int workers,
        Action? meanwhile,
        CancellationToken cancellationToken)
    {
        var frames = new FramePayload[(content.Length + FrameSize - 1) / FrameSize];
        var tags = new byte[WalTag.Size(content.Length)];
        WalWorker.Run(
            cluster.TagKey,
            level,
            frames.Length,
            workers,
            (worker, at) =>
            {
                var plain = content.Slice(at * FrameSize, Math.Min(FrameSize, content.Length - (at * FrameSize)));
                worker.Tag(at, plain.Span, tags);
                frames[at] = Pack(worker, plain);
            },
            meanwhile,
            cancellationToken);
        using var hasher = cluster.TagKey.NewHasher();
        return new WalEncoding(content.Length, WalTag.Of(hasher, content.Length, tags), frames);
    }

    /// <summary>The tag alone.</summary>
    internal static Id128 TagOf(Cluster cluster, ReadOnlySpan<byte> content)
    {
        using var hasher = cluster.TagKey.NewHasher();
        var tags = new byte[WalTag.Size(content.Length)];
        WalTag.OfPieces(hasher, content, tags);
        return WalTag.Of(hasher, content.Length, tags);
    }

    private static FramePayload Pack(WalWorker worker, ReadOnlyMemory<byte> plain)
    {
        var stored = worker.Compressor.Compress(plain.Span, worker.Packed);
        if (stored == 0)
        {
            return new FramePayload(plain, plain.Length, Compressed: false);
        }

        var payload = worker.Packed.AsSpan(0, stored).ToArray();
        var opened = worker.Plain.AsSpan(0, plain.Length);
        return worker.Compressor.Decompress(payload, opened) && opened.SequenceEqual(plain.Span)
            ? new FramePayload(payload, plain.Length, Compressed: true)
            : throw new DecodingException("what was compressed does not unpack to what it was made from");
    }
}
