using System.Threading.Channels;
using Lifeboat.Engine.Activity;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Writes the extents of one window after the other with several workers, frame by frame, so that each is read and unpacked
/// once. Every page is compared with its tag before it is written.
/// </summary>
internal sealed class ExtentWriter : IDisposable
{
    private static readonly byte[] Zeros = new byte[PageTags.ExtentSize];

    private readonly RestorePlan _plan;
    private readonly IActivity _activity;
    private readonly ChannelWriter<RestoredFile> _finished;
    private readonly ExtentReader[] _readers;
    private long _written;

    internal ExtentWriter(
        RestorePlan plan,
        FrameIndex index,
        IActivity activity,
        ChannelWriter<RestoredFile> finished)
    {
        _plan = plan;
        _activity = activity;
        _finished = finished;
        _readers = [.. Enumerable.Range(0, Math.Max(1, plan.Request.Jobs))
            .Select(_ => new ExtentReader(plan.Request.Cluster, index))];
    }

    /// <summary>Bytes written.</summary>
    internal long Written => Interlocked.Read(ref _written);

    internal async Task WriteAsync(RestoreWindow window, CancellationToken cancellationToken)
    {
        var work = new WindowWork(window);
        await WorkerGroup.RunAsync(
            _readers.Length, (worker, stopping) => WorkAsync(_readers[worker], work, stopping), cancellationToken);
        foreach (var ended in window.Ended.Where(ended => ended.Arrived()))
        {
            await _finished.WriteAsync(ended, cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }
    }

    private async Task WorkAsync(ExtentReader reader, WindowWork work, CancellationToken cancellationToken)
    {
        var share = new WindowWork.Share();
        while (work.Take(share) is { } pieces)
        {
            foreach (var (file, extent) in pieces)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await WriteAsync(reader, file, extent, cancellationToken);
            }
        }
    }

    private async Task WriteAsync(
        ExtentReader reader, RestoredFile file, ExtentEntry extent, CancellationToken cancellationToken)
    {
        // Zeros are written too: a file with holes could run out of space when it is used.
        var content = extent.IsZero
            ? Zeros.AsMemory(0, extent.Length)
            : await reader.ReadAsync(file.Path, extent, cancellationToken);
        var offset = (long)extent.Number * PageTags.ExtentSize;
        file.File.Write(content.Span, offset);
        _activity.Progress("restore", Interlocked.Add(ref _written, content.Length), _plan.Bytes);
        if (file.Arrived())
        {
            await _finished.WriteAsync(file, cancellationToken);
        }
    }
}
