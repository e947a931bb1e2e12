using System.Numerics;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Where the content of one extent is, and what it must be.</summary>
/// <param name="Number">The extent's place in its file: byte offset divided by the extent size.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Id">The extent's id; zero for an extent of zeros.</param>
/// <param name="Tags">20 bytes for each page (<see cref="PageTags"/>); empty for an extent of zeros.</param>
/// <param name="Base">The frame that holds it; null for an extent of zeros.</param>
/// <param name="Slot">The slot of that frame.</param>
/// <param name="Overlays">Pages that replace those of the base, later ones over earlier ones.</param>
public sealed record ExtentEntry(
    int Number, int Length, Id128 Id, byte[] Tags, FrameReference? Base, int Slot, Overlay[] Overlays)
{
    /// <summary>An extent of which every byte is zero: nothing is stored for it.</summary>
    public static ExtentEntry Zeros(int number, int length) => new(number, length, default, [], null, 0, []);

    public bool IsZero => Base is null;

    /// <summary>Why a reader would refuse this extent; null when it would not.</summary>
    internal string? Fault()
    {
        if (Number is < 0 or int.MaxValue || Length is <= 0 or > PageTags.ExtentSize)
        {
            return $"extent {Number} has {Length} bytes";
        }

        var pages = PageTags.PagesOf(Length);
        if (Tags.Length != (IsZero ? 0 : pages * PageTags.TagSize) || (IsZero && Overlays.Length > 0))
        {
            return $"extent {Number} has {Tags.Length} bytes of tags and {Overlays.Length} overlays";
        }

        if (Slot is < 0 or >= Frames.Slot.MostPerFrame
            || Overlays.Any(overlay => overlay.Slot is < 0 or >= Frames.Slot.MostPerFrame
                || overlay.Pages == 0 || overlay.Pages >> pages != 0))
        {
            return $"extent {Number} refers to a slot or page that cannot be";
        }

        return IsSettled ? null : $"extent {Number} refers to a frame that is still open";
    }

    /// <summary>Whether every page it refers to has been given its frame's final id.</summary>
    internal bool IsSettled => Base is not { IsClosed: false } && Overlays.All(overlay => overlay.Frame.IsClosed);
}

/// <summary>Loose pages over an extent.</summary>
/// <param name="Pages">Bit n is page n of the extent; the slot holds the pages of the set bits in order.</param>
public sealed record Overlay(ulong Pages, FrameReference Frame, int Slot)
{
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
