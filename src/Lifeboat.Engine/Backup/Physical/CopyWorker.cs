using System.Numerics;
using Lifeboat.Engine.Backup.Physical.Incremental;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Reads units, judges their pages, identifies their extents and stores those that the repository does not hold. One
/// thread of a backup; owns its pack writer and its buffer.
/// </summary>
internal sealed class CopyWorker(
    FrameIndex stored,
    RecentExtents added,
    PackWriter packs,
    ExtentTagger tagger,
    PageVerifier? verifier,
    TimeProvider time)
{
    /// <summary>
    /// A frame that stays open keeps everything behind it from reaching the map, so it is closed half-full when this many
    /// units have gone by.
    /// </summary>
    private const int MostUnitsPerFrame = 128;

    private readonly byte[] _buffer = new byte[CopyUnit.Size];
    private int _unitsSinceFrame;

    /// <summary>Bytes read from files.</summary>
    internal long BytesRead { get; private set; }

    internal async ValueTask<CopyResult> CopyAsync(CopyUnit unit, CancellationToken cancellationToken)
    {
        if (unit.Source is not { } source)
        {
            return new CopyResult(unit, [], 0, 0, IsGone: unit.Delta is { IsGone: true });
        }

        try
        {
            if (source.Open() is not { } file)
            {
                return new CopyResult(unit, [], 0, 0, IsGone: true);
            }

            if (unit.Delta is { Listed: { } listed })
            {
                return await CopyListedAsync(unit, file, listed, cancellationToken);
            }

            var content = _buffer.AsMemory(0, Read(unit, file));
            await VerifyAsync(unit, file, content, unit.Offset, cancellationToken);
            return await StoreAsync(unit, content, cancellationToken);
        }
        finally
        {
            source.Release();
            if (packs.HasOpenFrame && ++_unitsSinceFrame >= MostUnitsPerFrame)
            {
                await packs.CloseFrameAsync(cancellationToken);
                _unitsSinceFrame = 0;
            }
        }
    }

    /// <summary>
    /// Reads the unit. A file that is one unit is taken as long as it is now; of a longer one that was cut off meanwhile the
    /// rest is zeros, as in a base backup of the server's own: WAL cuts it off again.
    /// </summary>
    private int Read(CopyUnit unit, IFile file)
    {
        var wanted = unit.IsWholeFile ? _buffer.Length : unit.Length;
        var length = file.Read(_buffer.AsSpan(0, wanted), unit.Offset);
        BytesRead += length;
        if (unit.IsWholeFile)
        {
            // More than a unit now: the part that was there when the directory was read is enough, WAL has the rest.
            return length == _buffer.Length ? Math.Max(unit.Length, 1) : length;
        }

        _buffer.AsSpan(length, unit.Length - length).Clear();
        return unit.Length;
    }

    private async ValueTask<CopyResult> StoreAsync(
        CopyUnit unit, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var extents = new List<ExtentEntry>(CopyUnit.Size / PageTags.ExtentSize);
        uint crc = 0;
        for (var offset = 0; offset < content.Length; offset += PageTags.ExtentSize)
        {
            var bytes = content.Slice(offset, Math.Min(PageTags.ExtentSize, content.Length - offset));
            var number = (int)((unit.Offset + offset) / PageTags.ExtentSize);
            var (entry, extentCrc) = unit.Delta?.Compared is { } parents
                ? await StoreDifferenceAsync(number, bytes, parents[offset / PageTags.ExtentSize], cancellationToken)
                : await StoreExtentAsync(number, bytes, cancellationToken);
            crc = Crc32C.Combine(crc, extentCrc, bytes.Length);
            if (entry is not null)
            {
                extents.Add(entry);
            }
        }

        return new CopyResult(unit, [.. extents], content.Length, crc, IsGone: false);
    }

    private async ValueTask<(ExtentEntry? Entry, uint Crc)> StoreExtentAsync(
        int number, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!content.Span.ContainsAnyExcept((byte)0))
        {
            return (ExtentEntry.Zeros(number, content.Length), Crc32C.Compute(content.Span));
        }

        var tags = tagger.Tag(content.Span, out var id, out var crc);
        return (await StoreTaggedAsync(number, content, tags, id, cancellationToken), crc);
    }

    /// <summary>Stores what differs from the parent's extent; null where nothing does.</summary>
    private async ValueTask<(ExtentEntry? Entry, uint Crc)> StoreDifferenceAsync(
        int number, ReadOnlyMemory<byte> content, ExtentEntry? parent, CancellationToken cancellationToken)
    {
        if (parent is null || content.Length < parent.Length || parent.IsZero
            || !content.Span.ContainsAnyExcept((byte)0))
        {
            var (entry, crcOfAll) = await StoreExtentAsync(number, content, cancellationToken);
            var isSame = parent is { IsZero: true } && entry!.IsZero && entry.Length == parent.Length;
            return (isSame ? null : entry, crcOfAll);
        }

        var tags = tagger.Tag(content.Span, out var id, out var crc);
        if (id == parent.Id && content.Length == parent.Length)
        {
            return (null, crc);
        }

        var plan = OverlayPlanner.Plan(parent, content.Length, PageTags.Differences(parent.Tags, tags));
        return (plan.IsWhole
            ? await StoreTaggedAsync(number, content, tags, id, cancellationToken)
            : await StorePagesAsync(
                new ListedExtent(number, content.Length, plan),
                Pages(content, plan.Pages),
                PageTags.Select(tags, plan.Pages),
                cancellationToken), crc);
    }

    private static byte[] Pages(ReadOnlyMemory<byte> content, ulong pages)
    {
        var packed = new byte[BitOperations.PopCount(pages) * PageTags.PageSize];
        var length = 0;
        foreach (var (first, count) in PageTags.Runs(pages))
        {
            var at = first * PageTags.PageSize;
            var run = content.Span.Slice(at, Math.Min(count * PageTags.PageSize, content.Length - at));
            run.CopyTo(packed.AsSpan(length));
            length += run.Length;
        }

        return length == packed.Length ? packed : packed[..length];
    }

    /// <summary>Reads the listed pages of a unit, and nothing else of it.</summary>
    private async ValueTask<CopyResult> CopyListedAsync(
        CopyUnit unit, IFile file, ListedExtent[] listed, CancellationToken cancellationToken)
    {
        var extents = new ExtentEntry[listed.Length];
        for (var at = 0; at < listed.Length; at++)
        {
            var extent = listed[at];
            var content = await ReadPagesAsync(unit, file, extent, cancellationToken);
            if (extent.Plan.IsWhole)
            {
                extents[at] = (await StoreExtentAsync(extent.Number, content, cancellationToken)).Entry!;
            }
            else
            {
                var tags = tagger.Tag(content.Span, out _, out _);
                extents[at] = await StorePagesAsync(extent, content, tags, cancellationToken);
            }
        }

        return new CopyResult(unit, extents, 0, 0, IsGone: false);
    }

    /// <summary>The pages behind each other; what was cut off meanwhile is zeros.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadPagesAsync(
        CopyUnit unit, IFile file, ListedExtent extent, CancellationToken cancellationToken)
    {
        var start = (long)extent.Number * PageTags.ExtentSize;
        var filled = 0;
        foreach (var (first, count) in PageTags.Runs(extent.Plan.Pages))
        {
            var offset = first * PageTags.PageSize;
            var content = _buffer.AsMemory(filled, Math.Min(count * PageTags.PageSize, extent.Length - offset));
            var length = file.Read(content.Span, start + offset);
            BytesRead += length;
            content.Span[length..].Clear();
            await VerifyAsync(unit, file, content, start + offset, cancellationToken);
            filled += content.Length;
        }

        return _buffer.AsMemory(0, filled);
    }

    private ValueTask VerifyAsync(
        CopyUnit unit, IFile file, Memory<byte> content, long offset, CancellationToken cancellationToken) =>
        unit.FirstBlock is null || verifier is null
            ? ValueTask.CompletedTask
            : verifier.VerifyAsync(unit, file, content, offset, time, cancellationToken);

    private async ValueTask<ExtentEntry> StorePagesAsync(
        ListedExtent extent, ReadOnlyMemory<byte> pages, byte[] tags, CancellationToken cancellationToken)
    {
        var (frame, slot) = await packs.AddAsync(
            pages, SlotKind.LoosePages, tagger.ExtentId(tags), cancellationToken);
        return ExtentEntry.Patch(extent.Number, extent.Length, tags, new Overlay(extent.Plan.Pages, frame, slot));
    }

    private async ValueTask<ExtentEntry> StoreTaggedAsync(
        int number, ReadOnlyMemory<byte> content, byte[] tags, Id128 id, CancellationToken cancellationToken)
    {
        if ((added.Find(id) ?? await stored.FindExtentAsync(id, cancellationToken)) is not { } place)
        {
            place = await packs.AddAsync(content, SlotKind.Extent, id, cancellationToken);
            added.Add(id, place);
        }

        return new ExtentEntry(number, content.Length, id, tags, place.Frame, place.Slot, []);
    }
}
