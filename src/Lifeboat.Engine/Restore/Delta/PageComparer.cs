using Lifeboat.Platform.Files;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>
/// Says which pages of a file differ from what a map says, by their tags: nothing is read from the repository for it. Used by
/// one thread at a time.
/// </summary>
internal sealed class PageComparer(TagKey key) : IDisposable
{
    private readonly ExtentTagger _tagger = new(key);
    private byte[]? _buffer;

    /// <summary>Bit n is set where page n of the extent differs in the file, or is not in it.</summary>
    internal ulong Differences(IFile file, ExtentEntry extent)
    {
        var buffer = _buffer ??= GC.AllocateUninitializedArray<byte>(PageTags.ExtentSize);
        var content = buffer.AsSpan(0, extent.Length);
        if (file.Read(content, (long)extent.Number * PageTags.ExtentSize) < extent.Length)
        {
            return PageTags.AllPages(extent.Length);
        }

        return extent.IsZero ? Nonzero(content) : _tagger.Differences(content, extent.Tags);
    }

    public void Dispose() => _tagger.Dispose();

    private static ulong Nonzero(ReadOnlySpan<byte> content)
    {
        var pages = 0UL;
        for (var at = 0; at < content.Length; at += PageTags.PageSize)
        {
            var page = content.Slice(at, Math.Min(PageTags.PageSize, content.Length - at));
            pages |= page.ContainsAnyExcept((byte)0) ? 1UL << (at / PageTags.PageSize) : 0;
        }

        return pages;
    }
}
