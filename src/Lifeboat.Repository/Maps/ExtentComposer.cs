using System.Numerics;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Lays a patch over what earlier runs say of the same extent. Used by one thread at a time.</summary>
internal sealed class ExtentComposer(Cluster cluster) : IDisposable
{
    private readonly ExtentTagger _tagger = new(cluster.TagKey);
    private byte[]? _zeroTag;

    public void Dispose() => _tagger.Dispose();

    /// <returns>What both say together; null when the patch does not fit.</returns>
    internal ExtentEntry? Compose(ExtentEntry older, ExtentEntry newer)
    {
        if (!newer.IsPatch)
        {
            return newer;
        }

        var patched = newer.OverlaidPages;
        if (newer.Length < older.Length || (Uncovered(older.Length, newer.Length) & ~patched) != 0)
        {
            return null;
        }

        var overlays = Overlay.Live(older.Overlays.Concat(newer.Overlays));
        if (older.IsPatch)
        {
            var pages = older.OverlaidPages | patched;
            return newer with { Overlays = overlays, Tags = Merge(pages, older.OverlaidPages, older, newer) };
        }

        var tags = Merge(newer.AllPages, older.AllPages, older, newer);
        var isCovered = Overlay.Union(overlays) == newer.AllPages;
        return new ExtentEntry(
            newer.Number,
            newer.Length,
            _tagger.ExtentId(tags),
            tags,
            isCovered ? null : older.Base,
            isCovered ? 0 : older.Slot,
            overlays);
    }

    /// <summary>Pages of the longer extent that the shorter one has not, or not whole.</summary>
    private static ulong Uncovered(int shorter, int longer)
    {
        if (shorter == longer)
        {
            return 0;
        }

        var pages = PageTags.AllPages(longer);
        return pages & ~((1UL << (shorter / PageTags.PageSize)) - 1);
    }

    private byte[] Merge(ulong pages, ulong ofOlder, ExtentEntry older, ExtentEntry newer)
    {
        var tags = new byte[BitOperations.PopCount(pages) * PageTags.TagSize];
        var (fromOlder, fromNewer, at) = (0, 0, 0);
        for (var rest = pages; rest != 0; rest &= rest - 1)
        {
            var page = rest & ~(rest - 1);
            var inNewer = (newer.OverlaidPages & page) != 0;
            var inOlder = (ofOlder & page) != 0;
            var tag = inNewer ? TagAt(newer, fromNewer) : TagAt(older, fromOlder);
            tag.CopyTo(tags.AsSpan(at));
            at += PageTags.TagSize;
            fromNewer += inNewer ? 1 : 0;
            fromOlder += inOlder ? 1 : 0;
        }

        return tags;
    }

    private ReadOnlySpan<byte> TagAt(ExtentEntry extent, int place) => !extent.IsPatch && extent.IsZero
        ? ZeroTag(Math.Min(PageTags.PageSize, extent.Length - (place * PageTags.PageSize)))
        : extent.Tags.AsSpan(place * PageTags.TagSize, PageTags.TagSize);

    private byte[] ZeroTag(int length) => length == PageTags.PageSize
        ? _zeroTag ??= _tagger.Tag(new byte[length], out _, out _)
        : _tagger.Tag(new byte[length], out _, out _);
}
