using System.Buffers;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// Frames that are asked for before they are needed, those that lie side by side in one request. What could not be had is left
/// to whoever needs it: he asks for it himself, and says what is wrong. Holds the memory of what came until it is disposed of.
/// </summary>
internal sealed class FramesAhead : IAsyncDisposable
{
    /// <summary>Fewer bytes between two frames are read with them: a request takes longer than they do.</summary>
    private const int MostBetween = 128 << 10;

    /// <summary>Of one request.</summary>
    internal const int MostBytes = 8 << 20;

    private readonly CancellationTokenSource _stop;
    private readonly Task<List<HeldRange>> _ranges;

    private FramesAhead(CancellationTokenSource stop, Task<List<HeldRange>> ranges)
    {
        _stop = stop;
        _ranges = ranges;
    }

    /// <param name="frames">May name a frame several times.</param>
    internal static FramesAhead Begin(
        Cluster cluster, FrameIndex index, IEnumerable<FrameReference> frames, CancellationToken cancellationToken)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wanted = frames.DistinctBy(frame => frame.Id).ToList();
        return new FramesAhead(stop, BeginAsync(cluster, index, wanted, stop.Token));
    }

    /// <param name="frames">Where they are is known.</param>
    internal static FramesAhead Begin(
        Cluster cluster, IEnumerable<FrameLocation> frames, CancellationToken cancellationToken)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return new FramesAhead(stop, Task.FromResult(RangesOf(cluster, frames, stop.Token)));
    }

    /// <summary>Bytes of a pack as they came; null when they were not asked for here, or did not come.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>?> FindAsync(ObjectName name, long offset, int length)
    {
        foreach (var range in await _ranges)
        {
            if (range.Name == name && offset >= range.Offset && offset + length <= range.Offset + range.Length)
            {
                return await range.Content is { } content
                    ? new ReadOnlyMemory<byte>(content, (int)(offset - range.Offset), length)
                    : default(ReadOnlyMemory<byte>?);
            }
        }

        return null;
    }

    /// <summary>Waits for what is under way, since the memory is somebody else's afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var range in await _ranges)
        {
            if (await range.Content is { } content)
            {
                ArrayPool<byte>.Shared.Return(content);
            }
        }

        _stop.Dispose();
    }

    private static async Task<List<HeldRange>> BeginAsync(
        Cluster cluster, FrameIndex index, List<FrameReference> frames, CancellationToken cancellationToken)
    {
        var located = new List<FrameLocation>(frames.Count);
        foreach (var frame in frames)
        {
            try
            {
                if (await index.FindAsync(frame, cancellationToken) is { } location)
                {
                    located.Add(location);
                }
            }
            catch (Exception failure) when (IsOfTheStore(failure))
            {
                // Asked for again by whoever needs the frame.
            }
        }

        return RangesOf(cluster, located, cancellationToken);
    }

    private static List<HeldRange> RangesOf(
        Cluster cluster, IEnumerable<FrameLocation> frames, CancellationToken cancellationToken) =>
        [.. frames
            .GroupBy(location => location.Pack)
            .SelectMany(pack => Together(pack.Select(location => location.Frame))
                .Select(span => HeldRange.Begin(
                    cluster.Store, ObjectNames.Pack(cluster.Name, pack.Key), span, cancellationToken)))];

    private static IEnumerable<(long Offset, int Length)> Together(IEnumerable<PackedFrame> frames)
    {
        (long Offset, long End)? held = null;
        foreach (var frame in frames.OrderBy(frame => frame.Offset))
        {
            // The first frame of a pack is read with the header before it.
            var offset = frame.Offset == ContainerLimits.HeaderSize ? 0 : frame.Offset;
            var end = frame.Offset + frame.Length;
            if (held is { } before && offset - before.End <= MostBetween && end - before.Offset <= MostBytes)
            {
                held = (before.Offset, Math.Max(before.End, end));
                continue;
            }

            if (held is { } done)
            {
                yield return (done.Offset, (int)(done.End - done.Offset));
            }

            held = (offset, end);
        }

        if (held is { } last)
        {
            yield return (last.Offset, (int)(last.End - last.Offset));
        }
    }

    private static bool IsOfTheStore(Exception failure) =>
        failure is LifeboatException or OperationCanceledException;

    /// <param name="Content">From the pool of arrays; null when it did not come.</param>
    private sealed record HeldRange(ObjectName Name, long Offset, int Length, Task<byte[]?> Content)
    {
        internal static HeldRange Begin(
            IObjectStore store, ObjectName name, (long Offset, int Length) span, CancellationToken cancellationToken) =>
            new(name, span.Offset, span.Length, ReadAsync(store, name, span.Offset, span.Length, cancellationToken));

        private static async Task<byte[]?> ReadAsync(
            IObjectStore store, ObjectName name, long offset, int length, CancellationToken cancellationToken)
        {
            var content = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                if (await store.ReadAsync(name, offset, content.AsMemory(0, length), cancellationToken) == length)
                {
                    return content;
                }
            }
            catch (Exception failure) when (IsOfTheStore(failure))
            {
                // The memory is not given back: a transfer that was broken off may write into it still.
                return null;
            }

            ArrayPool<byte>.Shared.Return(content);
            return null;
        }
    }
}
