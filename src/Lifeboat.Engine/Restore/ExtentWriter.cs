using System.Threading.Channels;
using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Restore.Delta;
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
    private readonly PageComparer[] _comparers;
    private long _done;
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
        _comparers = [.. _readers.Select(_ => new PageComparer(plan.Request.Cluster.TagKey))];
    }

    /// <summary>Bytes written.</summary>
    internal long Written => Interlocked.Read(ref _written);

    internal async Task WriteAsync(RestoreWindow window, CancellationToken cancellationToken)
    {
        var work = new WindowWork(window);
        await WorkerGroup.RunAsync(
            _readers.Length, (worker, stopping) => WorkAsync(_readers[worker], _comparers[worker], work, stopping), cancellationToken);
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

        foreach (var comparer in _comparers)
        {
            comparer.Dispose();
        }
    }

    private async Task WorkAsync(
        ExtentReader reader, PageComparer comparer, WindowWork work, CancellationToken cancellationToken)
    {
        await using var pieces = new ExpectedPieces(reader, work, _plan.Request.Cluster.Store, cancellationToken);
        while (await pieces.NextAsync() is { Count: > 0 } next)
        {
            foreach (var (file, extent) in next)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await WriteAsync(reader, comparer, file, extent, cancellationToken);
            }
        }
    }

    private async Task WriteAsync(
        ExtentReader reader,
        PageComparer comparer,
        RestoredFile file,
        ExtentEntry extent,
        CancellationToken cancellationToken)
    {
        var pages = file.IsCompared ? comparer.Differences(file.File, extent) : PageTags.AllPages(extent.Length);
        if (pages != 0)
        {
            // Zeros are written too: a file with holes could run out of space when it is used.
            var content = extent.IsZero
                ? Zeros.AsMemory(0, extent.Length)
                : await reader.ReadAsync(file.Path, extent, cancellationToken);
            Interlocked.Add(ref _written, Write(file, extent, content, pages));
        }

        _activity.Progress("restore", Interlocked.Add(ref _done, extent.Length), _plan.Bytes);
        if (file.Arrived())
        {
            await _finished.WriteAsync(file, cancellationToken);
        }
    }

    /// <returns>Bytes written.</returns>
    private static long Write(RestoredFile file, ExtentEntry extent, ReadOnlyMemory<byte> content, ulong pages)
    {
        var start = (long)extent.Number * PageTags.ExtentSize;
        var written = 0L;
        foreach (var (first, count) in PageTags.Runs(pages))
        {
            var offset = first * PageTags.PageSize;
            var run = content.Span[offset..Math.Min(content.Length, offset + (count * PageTags.PageSize))];
            file.File.Write(run, start + offset);
            written += run.Length;
        }

        return written;
    }
}
