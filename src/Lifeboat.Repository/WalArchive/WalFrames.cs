using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// How many body frames of a WAL object hold what: content, then the summary of changed blocks, then one of facts. The
/// annex tells both numbers; objects from before there were block summaries tell only the first.
/// </summary>
internal readonly record struct WalFrames(int Content, int Blocks)
{
    private const int FrameSize = ContainerLimits.BodyPlaintext;

    /// <summary>
    /// Frames that one stream beside the content may have, against directories that claim a million of them. What is
    /// larger is not stored, and read from the segment when it is wanted.
    /// </summary>
    internal const int MostFrames = 64;

    internal const int MostBytes = MostFrames * FrameSize;

    internal void Write(ByteSink annex)
    {
        annex.Varint(Content);
        annex.Varint(Blocks);
    }

    /// <exception cref="DamagedObjectException">
    /// The annex and the directory count different numbers of frames.
    /// </exception>
    internal static WalFrames Of(ContainerReader reader)
    {
        try
        {
            var annex = new ByteSource(reader.Annex);
            var content = annex.VarintUpTo(int.MaxValue, "a number of frames");
            var blocks = annex.Remaining == 0 ? 0 : annex.VarintUpTo(MostFrames, "a number of frames");
            annex.MustBeAtEnd();
            if ((long)content + blocks == reader.Frames - 1)
            {
                return new WalFrames(content, blocks);
            }
        }
        catch (DecodingException)
        {
            // Told below, as any other annex that does not fit.
        }

        throw new DamagedObjectException(
            reader.Name, DamageKind.Inconsistent, "its directory and its frames disagree about its content");
    }

    /// <summary>Writes a stream of bytes in frames as large as they may be.</summary>
    /// <returns>How many frames that were.</returns>
    internal static async ValueTask<int> WriteAsync(
        ContainerWriter writer, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MostBytes);
        var before = writer.Frames;
        for (var at = 0; at < bytes.Length; at += FrameSize)
        {
            await writer.WriteFrameAsync(bytes.Slice(at, Math.Min(FrameSize, bytes.Length - at)), cancellationToken);
        }

        return writer.Frames - before;
    }

    /// <summary>What <see cref="WriteAsync"/> wrote.</summary>
    internal static async ValueTask<byte[]> ReadAsync(
        ContainerReader reader, int first, int count, CancellationToken cancellationToken)
    {
        if (count == 0)
        {
            return [];
        }

        if (count == 1)
        {
            return await reader.ReadFrameAsync(first, cancellationToken);
        }

        using var bytes = new MemoryStream();
        for (var frame = first; frame < first + count; frame++)
        {
            await bytes.WriteAsync(await reader.ReadFrameAsync(frame, cancellationToken), cancellationToken);
        }

        return bytes.ToArray();
    }
}
