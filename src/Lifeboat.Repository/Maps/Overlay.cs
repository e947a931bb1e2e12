using System.Numerics;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Loose pages over an extent.</summary>
/// <param name="Pages">Bit n is page n of the extent; the slot holds the pages of the set bits in order.</param>
public sealed record Overlay(ulong Pages, FrameReference Frame, int Slot)
{
    internal static ulong Union(IEnumerable<Overlay> overlays) =>
        overlays.Aggregate(0UL, (pages, overlay) => pages | overlay.Pages);

    /// <summary>Those of which a page can still be seen under the later ones, oldest first.</summary>
    internal static Overlay[] Live(IEnumerable<Overlay> oldestFirst)
    {
        var live = new List<Overlay>();
        var covered = 0UL;
        foreach (var overlay in oldestFirst.Reverse())
        {
            if ((overlay.Pages & ~covered) != 0)
            {
                live.Add(overlay);
                covered |= overlay.Pages;
            }
        }

        live.Reverse();
        return [.. live];
    }

    /// <summary>Puts the slot's pages in their places; those behind the end of the extent are left out.</summary>
    internal void Lay(ReadOnlySpan<byte> slot, Span<byte> extent)
    {
        for (var set = Pages; set != 0 && slot.Length > 0; set &= set - 1)
        {
            var at = BitOperations.TrailingZeroCount(set) * PageTags.PageSize;
            if (at >= extent.Length)
            {
                return;
            }

            var length = Math.Min(Math.Min(PageTags.PageSize, slot.Length), extent.Length - at);
            slot[..length].CopyTo(extent[at..]);
            slot = slot[length..];
        }
    }
}
