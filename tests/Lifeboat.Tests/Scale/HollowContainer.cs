using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Tests.Scale;

/// <summary>A body frame: real, or only as long as one.</summary>
internal readonly record struct HollowFrame(int Length, byte[]? Plain);

/// <summary>
/// An object of the format whose header, directory and footer are real and whose body is not, but for single frames at its
/// beginning or end: whoever reads what such an object says of itself cannot tell the difference.
/// </summary>
internal sealed record HollowContainer(byte[] Head, byte[] Tail, long Size)
{
    /// <param name="frames">Real ones before and behind hollow ones.</param>
    /// <param name="size">Bytes of the object, for which the first hollow frame is made as long as it must be; null for what
    /// the frames amount to.</param>
    internal static HollowContainer Of(
        Cluster cluster,
        ObjectName name,
        ContainerKind kind,
        DateTimeOffset created,
        IReadOnlyList<HollowFrame> frames,
        ReadOnlySpan<byte> annex,
        long? size = null)
    {
        var header = new byte[ContainerLimits.HeaderSize];
        var us = (created - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        new ContainerHeader(kind, 0, cluster.DataKey.Encrypts, cluster.DataKey.Id, ContainerHeader.TagOf(name), us).Write(header);
        using var sealer = new FrameSealer(cluster.DataKey.ForObject(header), cluster.DataKey.Encrypts);
        using var compressor = new Compressor(level: 1);
        var body = frames.Select((frame, number) => frame.Plain is { } plain
            ? Seal(sealer, compressor, number, FrameType.Body, plain) : null).ToArray();
        var lengths = frames.Select((frame, number) => body[number]?.Length ?? frame.Length).ToArray();
        while (true)
        {
            var directory = Seal(sealer, compressor, frames.Count, FrameType.Directory, Directory(lengths, annex));
            var offset = ContainerLimits.HeaderSize + lengths.Sum(length => (long)length);
            var whole = offset + directory.Length + ContainerLimits.FooterSize;
            if (size is { } wanted && whole != wanted)
            {
                lengths[Array.FindIndex(body, frame => frame is null)] += (int)(wanted - whole);
                continue;
            }

            var footer = new byte[ContainerLimits.FooterSize];
            new ContainerFooter(offset, directory.Length, frames.Count + 1, whole).Write(footer);
            var first = Array.FindIndex(body, frame => frame is null);
            first = first < 0 ? body.Length : first;
            return new HollowContainer(
                [.. header, .. body[..first].SelectMany(frame => frame!)],
                [.. body[first..].OfType<byte[]>().SelectMany(frame => frame), .. directory, .. footer],
                whole);
        }
    }

    /// <summary>Reads as a store would.</summary>
    internal int Read(long offset, Span<byte> into)
    {
        var length = (int)Math.Clamp(Size - offset, 0, into.Length);
        for (var at = 0; at < length; at++)
        {
            var place = offset + at;
            into[at] = place < Head.Length ? Head[place] : place >= Size - Tail.Length ? Tail[place - (Size - Tail.Length)] : (byte)0;
        }

        return length;
    }

    private static byte[] Directory(int[] lengths, ReadOnlySpan<byte> annex)
    {
        var directory = new ByteSink();
        directory.Varint(lengths.Length);
        foreach (var length in lengths)
        {
            directory.Varint(length);
        }

        directory.Bytes(annex);
        return directory.Span.ToArray();
    }

    private static byte[] Seal(
        FrameSealer sealer, Compressor compressor, int number, FrameType type, ReadOnlySpan<byte> plain)
    {
        var buffer = new byte[FrameSealer.Bound(plain.Length)];
        return buffer[..sealer.Seal((uint)number, type, plain, buffer, compressor)];
    }
}
