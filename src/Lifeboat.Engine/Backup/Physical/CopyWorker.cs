using System.Collections.Concurrent;
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
    ConcurrentDictionary<Id128, (FrameReference Frame, int Slot)> added,
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
            return new CopyResult(unit, [], 0, 0, IsGone: false);
        }

        try
        {
            if (source.Open() is not { } file)
            {
                return new CopyResult(unit, [], 0, 0, IsGone: true);
            }

            var content = _buffer.AsMemory(0, Read(unit, file));
            if (unit.FirstBlock is not null && verifier is not null)
            {
                await verifier.VerifyAsync(unit, file, content, time, cancellationToken);
            }

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
        var extents = new ExtentEntry[(content.Length + PageTags.ExtentSize - 1) / PageTags.ExtentSize];
        uint crc = 0;
        for (var at = 0; at < extents.Length; at++)
        {
            var offset = at * PageTags.ExtentSize;
            var bytes = content.Slice(offset, Math.Min(PageTags.ExtentSize, content.Length - offset));
            var number = (int)((unit.Offset + offset) / PageTags.ExtentSize);
            (extents[at], var extentCrc) = await StoreExtentAsync(number, bytes, cancellationToken);
            crc = Crc32C.Combine(crc, extentCrc, bytes.Length);
        }

        return new CopyResult(unit, extents, content.Length, crc, IsGone: false);
    }

    private async ValueTask<(ExtentEntry Entry, uint Crc)> StoreExtentAsync(
        int number, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!content.Span.ContainsAnyExcept((byte)0))
        {
            return (ExtentEntry.Zeros(number, content.Length), Crc32C.Compute(content.Span));
        }

        var tags = tagger.Tag(content.Span, out var id, out var crc);
        if (!added.TryGetValue(id, out var place)
            && await stored.FindExtentAsync(id, cancellationToken) is { } found)
        {
            place = found;
        }

        if (place.Frame is null)
        {
            place = await packs.AddAsync(content, SlotKind.Extent, id, cancellationToken);
            added.TryAdd(id, place);
        }

        return (new ExtentEntry(number, content.Length, id, tags, place.Frame, place.Slot, []), crc);
    }
}
